#!lua flags=allow-oom
-- Says that a node wants no partitions any more.
-- KEYS  1 nodes (zset)
-- ARGV  1 node  2 channel to wake the others on
-- Answer: 1, or 0 when it was not there.
local gone = redis.call('ZREM', KEYS[1], ARGV[1])
if gone == 1 then redis.call('PUBLISH', ARGV[2], 'nodes') end
return gone
