#!lua
-- The acknowledgement of one partition: offset, changed state and outbox move together, or nothing does.
-- KEYS  1 meta (hash: offset)  2 state (hash)  3 outbox (hash)  4 order of the outbox (zset)  5 settled ids (zset)
--       6 epochs (hash by lease name)
-- ARGV  1 lease name  2 epoch  3 offset  4 channel to wake the alert role on
--       5 number of keys to set, then key and value of each
--       … number of keys to remove, then each key
--       … number of outbox items, then id and value of each
-- Answer: {'ok'}; {'lost', latest epoch or ''} when the lease is another's by now; {'back', offset} when it would go back.
local latest = redis.call('HGET', KEYS[6], ARGV[1])
if latest ~= ARGV[2] then return {'lost', latest or ''} end
local before = redis.call('HGET', KEYS[1], 'offset')
if before and tonumber(ARGV[3]) < tonumber(before) then return {'back', before} end
redis.call('HSET', KEYS[1], 'offset', ARGV[3])
local at = 5
for _ = 1, tonumber(ARGV[at]) do
  redis.call('HSET', KEYS[2], ARGV[at + 1], ARGV[at + 2])
  at = at + 2
end
at = at + 1
for _ = 1, tonumber(ARGV[at]) do
  redis.call('HDEL', KEYS[2], ARGV[at + 1])
  at = at + 1
end
at = at + 1
local items = tonumber(ARGV[at])
if items == 0 then return {'ok'} end
local time = redis.call('TIME')
local order = tonumber(time[1]) * 1000000 + tonumber(time[2])
local newest = redis.call('ZRANGE', KEYS[4], -1, -1, 'WITHSCORES')[2]
if newest and order <= tonumber(newest) then order = tonumber(newest) + 1 end
local added = 0
for _ = 1, items do
  local id = ARGV[at + 1]
  if not redis.call('ZSCORE', KEYS[5], id) and redis.call('HSETNX', KEYS[3], id, ARGV[at + 2]) == 1 then
    redis.call('ZADD', KEYS[4], string.format('%.0f', order + added), id)
    added = added + 1
  end
  at = at + 2
end
if added > 0 then redis.call('PUBLISH', ARGV[4], 'outbox') end
return {'ok'}
