#!lua
-- Appends entries to the log of one partition, once for each sequence of a writer.
-- KEYS  1 log (stream)  2 meta (hash: last, head)  3 last sequence of this writer
-- ARGV  1 sequence  2 ms for which the writer is remembered  3 head, or ''  4 '1' when the head starts anew
--       5… observedAt and value of each entry
-- Answer: how many entries were added; 0 when this sequence is there already.
if tonumber(redis.call('GET', KEYS[3]) or '0') >= tonumber(ARGV[1]) then return 0 end
local time = redis.call('TIME')
local offset = tonumber(time[1]) * 1000000 + tonumber(time[2])
local last = tonumber(redis.call('HGET', KEYS[2], 'last') or '0')
if offset <= last then offset = last + 1 end
for i = 5, #ARGV, 2 do
  redis.call('XADD', KEYS[1], string.format('%.0f-0', offset), 'o', ARGV[i], 'v', ARGV[i + 1])
  offset = offset + 1
end
redis.call('HSET', KEYS[2], 'last', string.format('%.0f', offset - 1))
if ARGV[3] ~= '' then
  local head = redis.call('HGET', KEYS[2], 'head')
  if ARGV[4] == '1' or not head or tonumber(ARGV[3]) > tonumber(head) then
    redis.call('HSET', KEYS[2], 'head', ARGV[3])
  end
end
redis.call('SET', KEYS[3], ARGV[1], 'PX', ARGV[2])
return (#ARGV - 4) / 2
