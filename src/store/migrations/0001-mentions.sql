-- Short strings that many rows share (brands, clients, sources, languages); rows hold the number.
create table word (
  n integer primary key,
  text text not null unique
) strict;

-- What reads filter, sort and count by. The post itself lies in `body`, so that scans stay narrow.
create table mention (
  n integer primary key,
  id text not null,
  brand integer not null,
  client integer not null,
  source integer not null,
  language integer not null,
  -- 0 negative, 1 neutral, 2 positive, 3 unsure.
  feeling integer not null,
  own integer not null,
  -- Position in the list of triage states; 0 is open. A copy of triage.status, so that the index can filter by it.
  triage integer not null,
  at integer not null,
  observed integer not null,
  author text not null
) strict;
create unique index mention_key on mention (id, brand);
-- Covers every filter and every count that needs no body.
create index mention_time on mention (brand, at, id, client, source, feeling, own, language, triage, author);
create index mention_triage on mention (triage, brand, at, id) where triage > 0;

-- The mention without its terms, and the terms with blanks between: most reads want one of the two.
create table body (
  n integer primary key,
  json text not null,
  terms text not null
) strict;

-- The terms of each mention, blank between them. They are folded already: everything printable belongs to a token.
create virtual table term using fts5 (
  terms,
  content = '',
  contentless_delete = 1,
  tokenize = "ascii tokenchars '!""#$%&''()*+,-./:;<=>?@[\]^_`{|}~'"
);

-- What was removed; brand 0: the post as a whole, for good.
create table tombstone (
  id text not null,
  brand integer not null,
  observed integer not null,
  primary key (id, brand)
) strict, without rowid;

-- Stays when its mention is removed, so that an edit that brings the mention back finds it.
create table triage (
  id text not null,
  brand integer not null,
  status integer not null,
  assignee text,
  until integer,
  verdict text,
  note text,
  version integer not null,
  primary key (id, brand)
) strict, without rowid;

-- Counts per hour, always recounted from `mention` as a whole.
create table rollup (
  brand integer not null,
  hour integer not null,
  client integer not null,
  source integer not null,
  language integer not null,
  feeling integer not null,
  own integer not null,
  count integer not null,
  primary key (brand, hour, client, source, language, feeling, own)
) strict, without rowid;

-- Hours that changed since they were counted: reads count them from `mention` until they are recounted.
create table stale (
  brand integer not null,
  hour integer not null,
  primary key (brand, hour)
) strict, without rowid;

-- The same counts per day, added up from those per hour.
create table rollup_day (
  brand integer not null,
  day integer not null,
  client integer not null,
  source integer not null,
  language integer not null,
  feeling integer not null,
  own integer not null,
  count integer not null,
  primary key (brand, day, client, source, language, feeling, own)
) strict, without rowid;

-- Every day that has or had mentions; its counts are read only while they are current.
create table day (
  brand integer not null,
  day integer not null,
  current integer not null,
  primary key (brand, day)
) strict, without rowid;
