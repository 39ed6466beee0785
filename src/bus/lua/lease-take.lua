#!lua
-- Wins a lease that nobody holds. Its epoch is greater than every one before, also when Redis has lost the last of them:
-- it is the server's time in microseconds.
-- KEYS  1 lease (string: who holds it)  2 epochs (hash by lease name)
-- ARGV  1 lease name  2 who asks  3 ms after which it is over unless renewed
-- Answer: {'won', epoch}; {'held', ms left} when somebody else holds it.
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[2] then return {'held', redis.call('PTTL', KEYS[1])} end
local time = redis.call('TIME')
local epoch = tonumber(time[1]) * 1000000 + tonumber(time[2])
local latest = tonumber(redis.call('HGET', KEYS[2], ARGV[1]) or '0')
if epoch <= latest then epoch = latest + 1 end
local text = string.format('%.0f', epoch)
redis.call('HSET', KEYS[2], ARGV[1], text)
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return {'won', text}
