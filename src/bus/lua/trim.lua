#!lua flags=allow-oom
-- Drops entries of one partition that are old and that its checkpoint has passed; looks at one page.
-- KEYS  1 log (stream)  2 meta (hash: offset)
-- ARGV  1 entries observed before this are old  2 where the last page ended, or ''  3 entries to look at
-- Answer: {looked at, dropped, where this page ended}.
local offset = redis.call('HGET', KEYS[2], 'offset')
if not offset then return {0, 0, ''} end
local start = ARGV[2] == '' and '-' or '(' .. ARGV[2]
local page = redis.call('XRANGE', KEYS[1], start, offset .. '-0', 'COUNT', ARGV[3])
local before = tonumber(ARGV[1])
local dropped = 0
local kept
for _, entry in ipairs(page) do
  if tonumber(entry[2][2]) >= before then
    if not kept then
      kept = entry[1]
      -- Everything up to here goes, unless an earlier page has kept something.
      if ARGV[2] == '' and dropped > 0 then redis.call('XTRIM', KEYS[1], 'MINID', '=', kept) end
    end
  else
    dropped = dropped + 1
    if kept or ARGV[2] ~= '' then redis.call('XDEL', KEYS[1], entry[1]) end
  end
end
local last = page[#page] and page[#page][1] or ''
if ARGV[2] == '' and not kept and dropped > 0 then
  redis.call('XTRIM', KEYS[1], 'MINID', '=', string.format('%.0f-0', tonumber(string.match(last, '^%d+')) + 1))
  last = ''
end
return {#page, dropped, last}
