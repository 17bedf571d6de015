/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * How far the host's clock is from the client's: batches of eight probes, of
 * which the one with the shortest round trip counts. The client asks, one
 * probe at a time; the host answers at once.
 */
#ifndef PF_CLOCK_H
#define PF_CLOCK_H

#include "pf-session-io.h"

#define PF_CLOCK_ROUNDS 8
#define PF_CLOCK_ANSWER_NS (2000 * PF_MS) /* unanswered so long ends a batch */
#define PF_CLOCK_BATCH_NS (30000 * PF_MS) /* from one to the next */

/* Each by the clock of the side that took it, ns since 1970. */
typedef struct {
  uint64_t sent, host_received, host_sent, received; /* t1 .. t4 */
} PfClockSample;

typedef struct {
  int64_t offset_ns; /* host minus client */
  uint64_t rtt_ns;   /* without the host's own time */
} PfClockEstimate;

/* Errors: PF_ERR_INVALID (the host took longer than the round trip, or less
 * than no time). */
int pf_clock_estimate (const PfClockSample *sample, PfClockEstimate *estimate);

/*
 * The client's side. All fields are private but for those that say otherwise.
 * Thread-safety: one thread per PfClock.
 */
typedef struct {
  PfClockEstimate estimate; /* may be read, when there is one */
  bool valid;               /* may be read: there is one */
  bool changed;             /* may be read and set to false */
  uint64_t estimated_ns;    /* when the estimate was made */

  bool waiting;      /* for an answer */
  uint64_t due_ns;   /* next probe, or the end of waiting */
  uint64_t sent_ns;  /* of the last probe */
  uint64_t t1;       /* of the last probe */
  unsigned n_rounds; /* of this batch, answered */
  bool any;          /* did one of them count? */
  PfClockEstimate best;
} PfClock;

/* The first batch is due at once. */
void pf_clock_init (PfClock *clock, PfInstant now);

/* Is a probe to be sent? Also ends a batch without an answer. */
bool pf_clock_probe (PfClock *clock, PfInstant now, PfMsgClockProbe *probe);

/* An answer came; one to another probe than the last is ignored. */
void pf_clock_echo (PfClock *clock, const PfMsgClockEcho *echo, PfInstant now);

/* When pf_clock_probe() has something to do. */
static inline uint64_t
pf_clock_wake (const PfClock *clock)
{
  return clock->due_ns;
}

/* The host's side: t3 is to be set when the answer is sent. */
static inline void
pf_clock_answer (
    const PfMsgClockProbe *probe, PfInstant received, PfMsgClockEcho *echo)
{
  *echo = (PfMsgClockEcho){ probe->t1, received.unix_ns, received.unix_ns };
}

#endif /* PF_CLOCK_H */
