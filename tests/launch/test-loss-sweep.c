/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A short sweep over lossy lines: what parity cannot bring back is as many
 * frames as the parity of each says, parity follows the reports, and a cause
 * costs one key frame. `./pf bench loss` is the long one.
 */
#include <glib/gstdio.h>
#include <gst/gst.h>

#include "../bench/loss-run.h"
#include "pf-test.h"

static gchar *dir;

static void
run (const LossCase *c, LossResult *r)
{
  if (!loss_run (c, dir, g_getenv ("PF_FORWARD"), r))
    pf_test_note ("%s", r->why);
  PF_REQUIRE (!r->why);
  pf_test_note ("%u ppm: %u of %u frames lost, %u to %u in 999 of 1000 runs; "
                "%u causes, %u requests, %u key frames, p50 %u frozen",
      c->loss_ppm, r->lost, r->frames, r->lowest, r->highest, r->causes,
      r->requests, r->key_frames, r->frozen_p50);
  PF_CHECK_UINT (r->lost, >=, r->lowest);
  PF_CHECK_UINT (r->lost, <=, r->highest);
}

static void
test_none (void)
{
  const LossCase c = {
    .percent = 10, .adaptive = TRUE, .delay_us = 2000, .seconds = 3, .seed = 1
  };
  LossResult r;

  run (&c, &r);
  PF_CHECK_UINT (r.lost, ==, 0);
  PF_CHECK_UINT (r.requests, ==, 0);
  PF_CHECK_UINT (r.key_frames, ==, 0);
  PF_CHECK_UINT (r.percent, <, 10); /* a point a report */
  PF_CHECK_UINT (r.astray, ==, 0);
}

static void
test_fixed (void)
{
  const LossCase c = {
    .loss_ppm = 50000, .percent = 10, .delay_us = 2000, .seconds = 4, .seed = 2
  };
  LossResult r;

  run (&c, &r);
  PF_CHECK_UINT (r.lost, >, 0);
  PF_CHECK_UINT (r.causes, >, 0);
  /* the key frame may get lost as well, and then there is another cause */
  PF_CHECK_UINT (r.key_frames, <=, r.lost);
  PF_CHECK_UINT (r.key_frames, >=, r.causes);
}

static void
test_adaptive (void)
{
  const LossCase c = { .loss_ppm = 100000,
    .percent = 10,
    .adaptive = TRUE,
    .delay_us = 2000,
    .seconds = 4,
    .seed = 3 };
  LossResult r;

  run (&c, &r);
  PF_CHECK_UINT (r.percent, >=, 12);
  PF_CHECK_UINT (r.reports, >=, 4);
  PF_CHECK_UINT (r.astray, ==, 0);
}

/* Each loss is a cause of its own: it costs one wish, and that one key frame, or
 * none where the encoder does without the lost ones; and it is soon over. */
static void
test_causes (const void *data)
{
  const gboolean refers = data != NULL;
  const LossCase c = { .percent = 10, .refers = refers, .delay_us = 2000 };
  enum { N = 5 };
  LossResult r;

  if (!loss_causes (&c, N, dir, g_getenv ("PF_FORWARD"), &r))
    pf_test_note ("%s", r.why);
  PF_REQUIRE (!r.why);
  pf_test_note ("%u frames lost, %u requests, %u key frames, p50 %u frozen",
      r.lost, r.requests, r.key_frames, r.frozen_p50);
  PF_CHECK_UINT (r.causes, ==, N);
  PF_CHECK_UINT (r.requests, ==, N);
  PF_CHECK_UINT (r.key_frames, ==, refers ? 0 : N);
  PF_CHECK_UINT (r.frozen_p50, >=, 3);
  /* lost ones, the one that tells, 10 ms, and a round trip */
  PF_CHECK_UINT (r.frozen_p50, <=, 10);
}

static void
remove_tree (const gchar *path)
{
  GDir *list = g_dir_open (path, 0, NULL);
  const gchar *name;

  while (list && (name = g_dir_read_name (list))) {
    g_autofree gchar *file = g_build_filename (path, name, NULL);

    remove_tree (file);
  }
  g_clear_pointer (&list, g_dir_close);
  g_remove (path);
}

int
main (int argc, char **argv)
{
  int ret;

  gst_init (NULL, NULL);
  dir = g_dir_make_tmp ("pf-loss-sweep-XXXXXX", NULL);
  PF_TEST_ADD ("/loss-sweep/none", test_none);
  PF_TEST_ADD ("/loss-sweep/fixed", test_fixed);
  PF_TEST_ADD ("/loss-sweep/adaptive", test_adaptive);
  pf_test_add_data ("/loss-sweep/causes", test_causes, NULL);
  pf_test_add_data ("/loss-sweep/causes-invalidated", test_causes, "");
  ret = pf_test_run (argc, argv);
  remove_tree (dir);
  g_free (dir);
  return ret;
}
