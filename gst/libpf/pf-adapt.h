/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * How much parity: the receiver's loss figure and the percentage that the
 * sender makes of it. Pure arithmetic over numbers and times passed in.
 */
#ifndef PF_ADAPT_H
#define PF_ADAPT_H

#include <stdbool.h>
#include <stdint.h>

#define PF_ADAPT_START 10
#define PF_ADAPT_MIN 1
#define PF_ADAPT_MAX 50

#define PF_LOSS_INTERVAL_NS 750000000ull

/* ---- Receiver ----------------------------------------------------------- */

/*
 * Parts per million: of the shards that were needed, those that FEC had to
 * restore; frames given up add a fixed weight. late are restored shards that
 * did arrive afterwards.
 */
uint32_t pf_loss_ppm (
    uint64_t received, uint64_t restored, uint64_t late, uint64_t frames_lost);

/* Running totals of a stream. */
typedef struct {
  uint64_t received, restored, late, frames_lost;
} PfLossTotals;

/* Thread-safety: one thread per PfLossWindow. */
typedef struct {
  PfLossTotals base;
  uint64_t due;
  bool started;
} PfLossWindow;

/*
 * Is it time for a report? If so true and *ppm, of what came since the one
 * before; the first call starts the first window. While hold is set (a speed
 * test runs) nothing is reported, and the window begins anew afterwards.
 */
bool pf_loss_window_step (PfLossWindow *window, const PfLossTotals *now,
    uint64_t now_ns, bool hold, uint32_t *ppm);

/* ---- Sender ------------------------------------------------------------- */

/* Thread-safety: one thread per PfAdapt. */
typedef struct {
  uint32_t percent; /* for the next frame */
  bool at_once;     /* also falls at once, not by one point a report */
} PfAdapt;

/* The percentage that this loss asks for. */
uint32_t pf_adapt_percent (uint32_t loss_ppm);

void pf_adapt_init (PfAdapt *adapt);

/* Takes a report in; the new percentage comes back. */
uint32_t pf_adapt_report (PfAdapt *adapt, uint32_t loss_ppm);

#endif /* PF_ADAPT_H */
