#!lua
-- The alert role's step: log, state and the ids to be taken out, or nothing. The ids are then taken out of each partition by
-- taken.lua; until that is done they stand in the set of what is being settled, and nobody reads them any more.
-- KEYS  1 epochs (hash by lease name)  2 alert state (hash)  3 notification log (zset)  4 meta (hash: lines)
--       5 ids being settled (set)
-- ARGV  1 lease name  2 epoch  3 lines that are kept
--       4 number of keys to set, then key and value of each
--       … number of keys to remove, then each key
--       … number of lines, then each line
--       … number of ids, then each id
-- Answer: {'ok'}; {'lost', latest epoch or ''} when the lease is another's by now.
local latest = redis.call('HGET', KEYS[1], ARGV[1])
if latest ~= ARGV[2] then return {'lost', latest or ''} end
local at = 4
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
local lines = tonumber(ARGV[at])
for _ = 1, lines do
  if not redis.call('ZSCORE', KEYS[3], ARGV[at + 1]) then
    redis.call('ZADD', KEYS[3], redis.call('HINCRBY', KEYS[4], 'lines', 1), ARGV[at + 1])
  end
  at = at + 1
end
if lines > 0 then redis.call('ZREMRANGEBYRANK', KEYS[3], 0, -tonumber(ARGV[3]) - 1) end
at = at + 1
for _ = 1, tonumber(ARGV[at]) do
  redis.call('SADD', KEYS[5], ARGV[at + 1])
  at = at + 1
end
return {'ok'}
