/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The clock estimate. Differences are taken with wrap-around, so clocks that
 * are hours or decades apart are as good as equal ones.
 */
#include "pf-clock.h"

/* A later batch on a busier path tells less than the estimate there is, until
 * that one is so old. */
#define OLD_NS (3 * PF_CLOCK_BATCH_NS)
#define SLACK_NS (1 * PF_MS)

static int64_t
difference (uint64_t a, uint64_t b)
{
  return (int64_t) (a - b);
}

/* (a + b) / 2 without overflow */
static int64_t
mean (int64_t a, int64_t b)
{
  return a / 2 + b / 2 + (a % 2 + b % 2) / 2;
}

int
pf_clock_estimate (const PfClockSample *sample, PfClockEstimate *estimate)
{
  const int64_t whole = difference (sample->received, sample->sent);
  const int64_t host = difference (sample->host_sent, sample->host_received);

  if (whole < 0 || host < 0 || host > whole)
    return PF_ERR_INVALID;
  estimate->offset_ns = mean (difference (sample->host_received, sample->sent),
      difference (sample->host_sent, sample->received));
  estimate->rtt_ns = (uint64_t) (whole - host);
  return 0;
}

void
pf_clock_init (PfClock *clock, PfInstant now)
{
  *clock = (PfClock){ .due_ns = now.mono_ns };
}

static bool
is_better (const PfClock *c, uint64_t now)
{
  return !c->valid || now - c->estimated_ns >= OLD_NS ||
         c->best.rtt_ns <= 2 * c->estimate.rtt_ns + SLACK_NS;
}

static void
end_batch (PfClock *c, uint64_t now)
{
  if (c->any && is_better (c, now)) {
    c->estimate = c->best;
    c->estimated_ns = now;
    c->valid = c->changed = true;
  }
  c->waiting = c->any = false;
  c->n_rounds = 0;
  c->due_ns = now + PF_CLOCK_BATCH_NS;
}

bool
pf_clock_probe (PfClock *clock, PfInstant now, PfMsgClockProbe *probe)
{
  if (now.mono_ns < clock->due_ns)
    return false;
  if (clock->waiting) {
    end_batch (clock, now.mono_ns);
    return false;
  }
  /* a time that answers can be told apart by */
  clock->t1 = now.unix_ns != clock->t1 ? now.unix_ns : now.unix_ns + 1;
  clock->waiting = true;
  clock->sent_ns = now.mono_ns;
  clock->due_ns = now.mono_ns + PF_CLOCK_ANSWER_NS;
  probe->t1 = clock->t1;
  return true;
}

/* Did our own clock run evenly meanwhile? */
static bool
is_even (const PfClock *c, PfInstant now)
{
  const int64_t jump =
      difference (now.unix_ns - c->t1, now.mono_ns - c->sent_ns);

  return jump >= -(int64_t) SLACK_NS && jump <= (int64_t) SLACK_NS;
}

void
pf_clock_echo (PfClock *clock, const PfMsgClockEcho *echo, PfInstant now)
{
  const PfClockSample sample = { echo->t1, echo->t2, echo->t3, now.unix_ns };
  PfClockEstimate e;

  if (!clock->waiting || echo->t1 != clock->t1)
    return;
  clock->waiting = false;
  clock->due_ns = now.mono_ns;
  if (is_even (clock, now) && pf_clock_estimate (&sample, &e) == 0 &&
      (!clock->any || e.rtt_ns < clock->best.rtt_ns)) {
    clock->best = e;
    clock->any = true;
  }
  if (++clock->n_rounds == PF_CLOCK_ROUNDS)
    end_batch (clock, now.mono_ns);
}
