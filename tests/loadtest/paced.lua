-- A constant rate for wrk, which has none: request i (from 0) of N connections is due at the begin + i/RATE, connection
-- i % N sends it, and its response time is counted from then. Start with as many threads as connections, so that a
-- thread may sleep until its next request is due:
--
--   RATE=10000 wrk -t16 -c16 -d5s -s tests/loadtest/paced.lua URL
--
-- prints one line `paced: {...}` with the number of answers, and percentiles in seconds: from due (`response`) and from
-- sending (`service`), and how late they were sent (`late`).
local ffi = require("ffi")
ffi.cdef [[
struct timespec { long seconds; long nanos; };
int clock_gettime(int clock, struct timespec *now);
int clock_nanosleep(int clock, int flags, const struct timespec *until, struct timespec *left);
int prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d);
]]
local MONOTONIC, ABSOLUTE, TIMER_SLACK = 1, 1, 29
local spec = ffi.new("struct timespec")

local function now() -- nanoseconds
  ffi.C.clock_gettime(MONOTONIC, spec)
  return tonumber(spec.seconds) * 1e9 + tonumber(spec.nanos)
end

local function sleep_until(time)
  spec.seconds = math.floor(time / 1e9)
  spec.nanos = time % 1e9
  ffi.C.clock_nanosleep(MONOTONIC, ABSOLUTE, spec, nil)
end

local threads = {}
local begin

function setup(thread)
  begin = begin or now() + 3e8 -- until all are connected
  thread:set("number", #threads)
  thread:set("start", begin)
  table.insert(threads, thread)
end

function init()
  rate = tonumber(os.getenv("RATE"))
  connections = tonumber(os.getenv("CONNECTIONS") or "16")
  sent, checked = 0, number ~= 0
  response_us, service_us, late_us = {}, {}, {}
  text = wrk.format()
end

local function add(histogram, nanos)
  local us = math.floor(nanos / 1e3)
  histogram[us] = (histogram[us] or 0) + 1
end

function request()
  if not checked then -- wrk asks the first thread once, before the start, to look at the text
    checked = true
    return text
  end
  if sent == 0 then
    ffi.C.prctl(TIMER_SLACK, 1, 0, 0, 0)
  end
  free = now()
  due = start + (sent * connections + number) / rate * 1e9
  sent = sent + 1
  if free < due then
    sleep_until(due)
  end
  left = now()
  return text
end

function response()
  local time = now()
  add(response_us, time - due)
  add(service_us, time - left)
  add(late_us, left - math.max(due, free))
end

local function percentiles(name)
  local sum, count, values = {}, 0, {}
  for _, thread in ipairs(threads) do
    for us, n in pairs(thread:get(name)) do
      sum[us] = (sum[us] or 0) + n
      count = count + n
    end
  end
  for us in pairs(sum) do
    table.insert(values, us)
  end
  table.sort(values)
  local found, seen, next = {}, 0, 1
  local wanted = { 50, 90, 99, 99.9 }
  for _, us in ipairs(values) do
    seen = seen + sum[us]
    while wanted[next] and seen >= count * wanted[next] / 100 do
      table.insert(found, string.format('"p%g": %.6f', wanted[next], us / 1e6))
      next = next + 1
    end
  end
  return count, "{" .. table.concat(found, ", ") .. "}"
end

function done()
  local count, response = percentiles("response_us")
  local _, service = percentiles("service_us")
  local _, late = percentiles("late_us")
  io.write(string.format('paced: {"answered": %d, "response": %s, "service": %s, "late": %s}\n', count, response, service, late))
end
