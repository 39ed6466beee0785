#!/bin/bash
# Once Elasticsearch is up: Vigie's user with the least rights, and Kibana's password. Run again it changes nothing.
set -euo pipefail
url=http://elasticsearch:9200
secret() { cat "/run/secrets/$1"; }
# From a file, so that no password stands among the arguments of a process.
call() { curl -fsS -K - -H 'content-type: application/json' "$@" <<<"user = \"elastic:$(secret elastic_password)\""; }
call -X PUT "$url/_security/role/vigie" -d @/setup/role.json
body=$(mktemp)
printf '{"password":"%s","roles":["vigie"]}' "$(secret elasticsearch_vigie_password)" >"$body"
call -X PUT "$url/_security/user/vigie" -d "@$body"
printf '{"password":"%s"}' "$(secret kibana_password)" >"$body"
call -X POST "$url/_security/user/kibana_system/_password" -d "@$body"
rm "$body"
