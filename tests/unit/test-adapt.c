/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Loss figure and adaptive percentage: known values, edges, windows.
 */
#include "pf-adapt.h"
#include "pf-test.h"

#include <stddef.h>

static void
test_ppm (void)
{
  PF_CHECK_UINT (pf_loss_ppm (0, 0, 0, 0), ==, 0);
  PF_CHECK_UINT (pf_loss_ppm (1000, 0, 0, 0), ==, 0);
  PF_CHECK_UINT (pf_loss_ppm (950, 50, 0, 0), ==, 50000);
  /* those that did arrive were not lost */
  PF_CHECK_UINT (pf_loss_ppm (980, 50, 30, 0), ==, 20000);
  PF_CHECK_UINT (pf_loss_ppm (950, 50, 60, 0), ==, 0);
  PF_CHECK_UINT (pf_loss_ppm (950, 50, 0, 1), ==, 100000);
  PF_CHECK_UINT (pf_loss_ppm (950, 50, 0, 9), ==, 100000);
  PF_CHECK_UINT (pf_loss_ppm (0, 0, 0, 1), ==, 50000);
  PF_CHECK_UINT (pf_loss_ppm (0, 7, 0, 0), ==, 1000000);
  PF_CHECK_UINT (pf_loss_ppm (1, 1000, 0, 1), ==, 1000000);
  PF_CHECK_UINT (pf_loss_ppm (3ull << 61, 1ull << 61, 0, 0), ==, 250000);
  PF_CHECK_UINT (pf_loss_ppm (2, 1, 0, 0), ==, 333333);
}

static void
test_percent (void)
{
  static const struct {
    uint32_t ppm, percent;
  } known[] = {
    { 0, 1 },
    { 1, 2 },
    { 7142, 2 },  /* 0.99988 points */
    { 7143, 3 },  /* 1.00002 */
    { 10000, 3 }, /* 1.4 */
    { 50000, 8 }, /* 7: whole */
    { 50001, 9 },
    { 100000, 15 },
    { 342857, 49 },
    { 342858, 50 },
    { 350000, 50 },
    { 1000000, 50 },
    { UINT32_MAX, 50 },
  };

  for (size_t i = 0; i < sizeof known / sizeof *known; i++)
    PF_CHECK_UINT (pf_adapt_percent (known[i].ppm), ==, known[i].percent);
}

static void
test_reports (void)
{
  PfAdapt a;

  pf_adapt_init (&a);
  PF_CHECK_UINT (a.percent, ==, 10);
  PF_CHECK_UINT (pf_adapt_report (&a, 100000), ==, 15); /* up at once */
  PF_CHECK_UINT (pf_adapt_report (&a, 0), ==, 14);      /* down slowly */
  PF_CHECK_UINT (pf_adapt_report (&a, 0), ==, 13);
  PF_CHECK_UINT (pf_adapt_report (&a, 85714), ==, 13); /* as it is */
  PF_CHECK_UINT (pf_adapt_report (&a, 1000000), ==, 50);
  for (uint32_t p = 49; p >= 1; p--)
    PF_CHECK_UINT (pf_adapt_report (&a, 0), ==, p);
  PF_CHECK_UINT (pf_adapt_report (&a, 0), ==, 1);

  a.at_once = true;
  PF_CHECK_UINT (pf_adapt_report (&a, 1000000), ==, 50);
  PF_CHECK_UINT (pf_adapt_report (&a, 0), ==, 1);
}

static void
test_window (void)
{
  const uint64_t step = PF_LOSS_INTERVAL_NS;
  PfLossWindow w = { 0 };
  PfLossTotals t = { 1000, 900, 0, 5 };
  uint32_t ppm = 77;

  /* what was before the first call is not counted */
  PF_CHECK (!pf_loss_window_step (&w, &t, 5, false, &ppm));
  t.received += 950;
  t.restored += 50;
  PF_CHECK (!pf_loss_window_step (&w, &t, 5 + step - 1, false, &ppm));
  PF_CHECK_UINT (ppm, ==, 77);
  PF_CHECK (pf_loss_window_step (&w, &t, 5 + step, false, &ppm));
  PF_CHECK_UINT (ppm, ==, 50000);
  /* nothing came: that is a report too */
  PF_CHECK (!pf_loss_window_step (&w, &t, 5 + step, false, &ppm));
  PF_CHECK (pf_loss_window_step (&w, &t, 5 + 2 * step, false, &ppm));
  PF_CHECK_UINT (ppm, ==, 0);
  /* a speed test and what it lost are left out */
  t.frames_lost++;
  PF_CHECK (!pf_loss_window_step (&w, &t, 5 + 4 * step, true, &ppm));
  PF_CHECK (!pf_loss_window_step (&w, &t, 5 + 5 * step - 1, false, &ppm));
  PF_CHECK (pf_loss_window_step (&w, &t, 5 + 5 * step, false, &ppm));
  PF_CHECK_UINT (ppm, ==, 0);
  t.frames_lost++;
  PF_CHECK (pf_loss_window_step (&w, &t, 5 + 6 * step, false, &ppm));
  PF_CHECK_UINT (ppm, ==, 50000);
}

int
main (int argc, char **argv)
{
  PF_TEST_ADD ("/adapt/ppm", test_ppm);
  PF_TEST_ADD ("/adapt/percent", test_percent);
  PF_TEST_ADD ("/adapt/reports", test_reports);
  PF_TEST_ADD ("/adapt/window", test_window);
  return pf_test_run (argc, argv);
}
