/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Adaptive percentage of punktfunk/1: 1.4 times the loss, rounded up, and one
 * point more. It rises at once and falls slowly, so that a quiet moment does
 * not leave the next burst uncovered.
 */
#include "pf-adapt.h"

#define PPM 1000000u
#define PPM_FRAME_LOST 50000u /* added when any frame was lost */

/* a * PPM / (a + b), also for huge numbers */
static uint32_t
share_ppm (uint64_t a, uint64_t b)
{
  while (a > UINT64_MAX / PPM || b > UINT64_MAX / PPM) {
    a /= 2;
    b /= 2;
  }
  return a + b ? (uint32_t) (a * PPM / (a + b)) : 0;
}

uint32_t
pf_loss_ppm (
    uint64_t received, uint64_t restored, uint64_t late, uint64_t frames_lost)
{
  const uint64_t lost = restored > late ? restored - late : 0;
  uint32_t ppm = share_ppm (lost, received);

  if (frames_lost > 0)
    ppm += PPM_FRAME_LOST;
  return ppm < PPM ? ppm : PPM;
}

bool
pf_loss_window_step (PfLossWindow *window, const PfLossTotals *now,
    uint64_t now_ns, bool hold, uint32_t *ppm)
{
  const bool due = window->started && now_ns >= window->due;

  if (window->started && !hold && !due)
    return false;
  if (due && !hold)
    *ppm = pf_loss_ppm (now->received - window->base.received,
        now->restored - window->base.restored, now->late - window->base.late,
        now->frames_lost - window->base.frames_lost);
  window->started = true;
  window->base = *now;
  window->due = now_ns + PF_LOSS_INTERVAL_NS;
  return due && !hold;
}

uint32_t
pf_adapt_percent (uint32_t loss_ppm)
{
  /* 1 % is 10,000 ppm, so 1.4 points are 14 / 100,000 of a ppm */
  const uint64_t points = ((uint64_t) loss_ppm * 14 + 99999) / 100000 + 1;

  if (points < PF_ADAPT_MIN)
    return PF_ADAPT_MIN;
  return points < PF_ADAPT_MAX ? (uint32_t) points : PF_ADAPT_MAX;
}

void
pf_adapt_init (PfAdapt *adapt)
{
  *adapt = (PfAdapt){ .percent = PF_ADAPT_START };
}

uint32_t
pf_adapt_report (PfAdapt *adapt, uint32_t loss_ppm)
{
  const uint32_t wanted = pf_adapt_percent (loss_ppm);

  if (wanted >= adapt->percent || adapt->at_once)
    adapt->percent = wanted;
  else
    adapt->percent--;
  return adapt->percent;
}
