#!lua flags=allow-oom
-- Renews a lease; one that ran out and that nobody has won since goes on.
-- KEYS  1 lease (string: who holds it)  2 epochs (hash by lease name)
-- ARGV  1 lease name  2 who asks  3 ms after which it is over unless renewed  4 epoch
-- Answer: 1; 0 when it is another's by now.
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[2] then return 0 end
if redis.call('HGET', KEYS[2], ARGV[1]) ~= ARGV[4] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1
