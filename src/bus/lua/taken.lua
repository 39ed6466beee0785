#!lua flags=allow-oom
-- Takes settled ids out of one partition's outbox and remembers those that were in it. Repeating it changes nothing.
-- KEYS  1 outbox (hash)  2 order of the outbox (zset)  3 settled ids (zset)
-- ARGV  1 settled ids that are remembered  2… ids
-- Answer: how many were taken out.
local time = redis.call('TIME')
local order = tonumber(time[1]) * 1000000 + tonumber(time[2])
local newest = redis.call('ZRANGE', KEYS[3], -1, -1, 'WITHSCORES')[2]
if newest and order <= tonumber(newest) then order = tonumber(newest) + 1 end
local taken = 0
for i = 2, #ARGV do
  if redis.call('ZREM', KEYS[2], ARGV[i]) == 1 then
    redis.call('HDEL', KEYS[1], ARGV[i])
    redis.call('ZADD', KEYS[3], string.format('%.0f', order + taken), ARGV[i])
    taken = taken + 1
  end
end
if taken > 0 then redis.call('ZREMRANGEBYRANK', KEYS[3], 0, -tonumber(ARGV[1]) - 1) end
return taken
