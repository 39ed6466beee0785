#!/bin/sh
# Makes the secrets of docker-compose.yml, once: files that are there already stay. Containers read them as users of their own.
set -eu
cd "$(dirname "$0")"
mkdir -p secrets
umask 022
make() { [ -s "secrets/$1" ] || od -An -N24 -tx1 /dev/urandom | tr -d ' \n' >"secrets/$1"; }
for name in redis_password elastic_password elasticsearch_vigie_password kibana_password inbox_secret; do make "$name"; done
[ -s secrets/redis_url ] || printf 'redis://:%s@redis:6379/0' "$(cat secrets/redis_password)" >secrets/redis_url
