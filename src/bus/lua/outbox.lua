#!lua flags=no-writes
-- The oldest transitions of one partition that nobody has acted on.
-- KEYS  1 outbox (hash)  2 order of the outbox (zset)
-- ARGV  1 how many at most
-- Answer: order, id and value of each, oldest first.
local found = redis.call('ZRANGE', KEYS[2], 0, tonumber(ARGV[1]) - 1, 'WITHSCORES')
local answer = {}
for i = 1, #found, 2 do
  answer[#answer + 1] = found[i + 1]
  answer[#answer + 1] = found[i]
  answer[#answer + 1] = redis.call('HGET', KEYS[1], found[i])
end
return answer
