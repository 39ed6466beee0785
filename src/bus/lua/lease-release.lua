#!lua flags=allow-oom
-- Gives a lease back and wakes those who wait for it.
-- KEYS  1 lease (string: who holds it)  2 epochs (hash by lease name)
-- ARGV  1 lease name  2 who asks  3 epoch  4 channel to wake others on
-- Answer: 1; 0 when it was another's already.
if redis.call('GET', KEYS[1]) ~= ARGV[2] or redis.call('HGET', KEYS[2], ARGV[1]) ~= ARGV[3] then return 0 end
redis.call('DEL', KEYS[1])
redis.call('PUBLISH', ARGV[4], 'lease')
return 1
