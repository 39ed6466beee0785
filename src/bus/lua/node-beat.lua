#!lua flags=allow-oom
-- Says that a node lives and wants partitions; forgets those that have been silent.
-- KEYS  1 nodes (zset: node by the time at which it counts as gone, ms)
-- ARGV  1 node  2 ms after which it counts as gone  3 channel to wake the others on when the node is new
-- Answer: {nodes alive, ms until the next of the others counts as gone}.
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
local new = redis.call('ZADD', KEYS[1], now + tonumber(ARGV[2]), ARGV[1])
if new == 1 then redis.call('PUBLISH', ARGV[3], 'nodes') end
local first = redis.call('ZRANGE', KEYS[1], 0, 1, 'WITHSCORES')
local gone = first[1] == ARGV[1] and first[4] or first[2]
return {redis.call('ZCARD', KEYS[1]), tonumber(gone) - now}
