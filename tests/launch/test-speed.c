/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Self-tests of encoders: measured where the encoder is here, judged by pixels
 * elsewhere, kept between runs and redone when something changed.
 */
#include "pf-catalog.h"
#include "pf-speeds.h"
#include "pf-test.h"

#include <glib/gstdio.h>
#include <gst/gst.h>
#include <string.h>

static PfSpeed
speed_of (gdouble small, gdouble middle, gdouble large)
{
  PfSpeed s;

  pf_speed_ladder (&s);
  s.rungs[0].fps = small;
  s.rungs[1].fps = middle;
  s.rungs[2].fps = large;
  return s;
}

static void
check_near (gdouble a, gdouble b)
{
  if (a < b * 0.999 || a > b * 1.001)
    pf_test_fail (__FILE__, __LINE__, "%f is not about %f", a, b);
}

static void
test_estimate (void)
{
  const PfSpeed s = speed_of (400, 100, 50);
  const PfSpeed small = speed_of (400, 0, 0);
  PfSpeed broken = speed_of (400, 100, 50);

  check_near (pf_speed_estimate (&s, 320, 180), 400);
  check_near (pf_speed_estimate (&s, 640, 360), 400);
  check_near (pf_speed_estimate (&s, 1280, 720), 100);
  check_near (pf_speed_estimate (&s, 1920, 1080), 50);
  /* four times the pixels of the last */
  check_near (pf_speed_estimate (&s, 3840, 2160), 12.5);
  /* turned on its side: the same pixels */
  check_near (pf_speed_estimate (&s, 720, 1280), 100);
  /* halfway from 1280x720 to 1920x1080, in time */
  check_near (pf_speed_estimate (&s, 1920, 780), 1 / 0.015);
  check_near (pf_speed_estimate (&small, 1280, 720), 100);
  broken.problem = (gchar *) "broken";
  check_near (pf_speed_estimate (&broken, 640, 360), 0);
  PF_CHECK (!pf_speed_is_offered (&broken));
}

static void
test_feed (void)
{
  const PfSpeed s = speed_of (500, 200, 90);
  const PfSpeed slow = speed_of (24, 10, 0);
  const PfSpeed slower = speed_of (23.9, 0, 0);

  /* 90 / 4 = 22.5 frames a second of 3840x2160 */
  PF_CHECK_UINT (pf_speed_feed (&s, 3840, 2160, 120), ==, 0);
  PF_CHECK_UINT (pf_speed_feed (&s, 1920, 1080, 120), ==, 60);
  PF_CHECK_UINT (pf_speed_feed (&s, 1920, 1080, 60), ==, 60);
  PF_CHECK_UINT (pf_speed_feed (&s, 1920, 1080, 75), ==, 75);
  PF_CHECK_UINT (pf_speed_feed (&s, 1920, 1080, 90), ==, 60);
  PF_CHECK_UINT (pf_speed_feed (&s, 1280, 720, 240), ==, 120);
  PF_CHECK_UINT (pf_speed_feed (&s, 2560, 1440, 60), ==, 40);
  PF_CHECK_UINT (pf_speed_feed (&s, 2560, 1440, 30), ==, 30);
  PF_CHECK_UINT (pf_speed_feed (&slow, 640, 360, 60), ==, 24);
  PF_CHECK_UINT (pf_speed_feed (&slow, 640, 360, 20), ==, 20);
  PF_CHECK_UINT (pf_speed_feed (&slow, 1280, 720, 60), ==, 0);
  PF_CHECK (pf_speed_is_offered (&slow));
  PF_CHECK (!pf_speed_is_offered (&slower));
}

static void
test_working_mode (void)
{
  const PfSpeed s = speed_of (500, 200, 90), slow = speed_of (24, 10, 0);
  guint width = 3840, height = 2160, fps = 120;

  PF_CHECK (pf_speed_working_mode (&s, &width, &height, &fps));
  PF_CHECK_UINT (width, ==, 2560);
  PF_CHECK_UINT (height, ==, 1440);
  PF_CHECK_UINT (fps, ==, 40);
  PF_CHECK_UINT (pf_speed_feed (&s, width, height, fps), ==, fps);
  width = 640;
  height = 360;
  fps = 60;
  PF_CHECK (!pf_speed_working_mode (&slow, &width, &height, &fps));
  PF_CHECK_UINT (width, ==, 640);
}

static void
test_text (void)
{
  static const gchar *const bad[] = { "", "640x360@1 1280x720@1",
    "640x360@1 1280x720@1 1920x1080@x", "640x360@1 1280x720@1 1920x1080@-1",
    "640x360@1 1280x720@1 1920x1080@nan", "640x361@1 1280x720@1 1920x1080@1",
    "640x360@1 1280x720@1 1920x1080@1 1x1@1", "failed" };
  PfSpeed s = speed_of (399.96, 100, 0), back;
  gchar *text = pf_speed_to_text (&s);

  PF_CHECK_STR (text, "640x360@400.0 1280x720@100.0 1920x1080@0.0");
  PF_CHECK (pf_speed_from_text (text, &back));
  check_near (back.rungs[0].fps, 400);
  check_near (back.rungs[1].fps, 100);
  PF_CHECK (!back.problem);
  g_free (text);
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    if (pf_speed_from_text (bad[i], &back))
      pf_test_fail (__FILE__, __LINE__, "taken: %s", bad[i]);
  s.problem = (gchar *) "no\nluck";
  text = pf_speed_to_text (&s);
  PF_CHECK_STR (text, "failed: no luck");
  PF_CHECK (pf_speed_from_text (text, &back));
  PF_CHECK_STR (back.problem, "no luck");
  pf_speed_clear (&back);
  g_free (text);
}

/* ---- With encoders ------------------------------------------------------- */

static PfCatalog *
load_catalog (void)
{
  gchar *dirs[] = { (gchar *) g_getenv ("PF_TEST_PIPELINES"), NULL };

  return pf_catalog_load (dirs, NULL);
}

/* Every software encoder encodes, and larger pictures take longer. */
static void
test_measure (const void *data)
{
  g_autoptr (PfCatalog) catalog = load_catalog ();
  const PfFragment *f = pf_catalog_find (catalog, data);
  g_autofree gchar *text = NULL;
  PfSpeed s;

  PF_REQUIRE (f);
  pf_speed_measure (f, &s);
  text = pf_speed_to_text (&s);
  pf_test_note ("%s: %s", f->name, text);
  PF_CHECK_STR (s.problem, NULL);
  PF_CHECK (s.rungs[0].fps > 0);
  /* nine times the pixels; nearer sizes may meet noise */
  if (pf_speed_is_offered (&s))
    PF_CHECK (s.rungs[2].fps > 0 && s.rungs[2].fps < s.rungs[0].fps);
  pf_speed_clear (&s);
}

static PfFragment *
fragment (const gchar *name, const gchar *launch)
{
  g_autofree gchar *text = g_strdup_printf (
      "[pipeline]\nformat = 1\nrole = encode\nrank = 1\nsummary = s\n"
      "[requires]\nelements = identity\n[launch]\na = %s\n",
      launch);

  return pf_fragment_parse (name, text, NULL);
}

static void
test_broken (void)
{
  g_autoptr (PfFragment) none = fragment ("a", "nothing-like-it");
  g_autoptr (PfFragment) stops =
      fragment ("b", "identity error-after=2 ! queue");
  PfSpeed s;

  pf_speed_measure (none, &s);
  PF_CHECK (s.problem && strstr (s.problem, "nothing-like-it"));
  pf_speed_clear (&s);
  pf_speed_measure (stops, &s);
  PF_CHECK (s.problem);
  PF_CHECK (!pf_speed_is_offered (&s));
  pf_speed_clear (&s);
}

/* Kept, read back, redone after a change or a failure. */
static void
test_cache (void)
{
  g_autofree gchar *dir = g_dir_make_tmp ("pf-speed-XXXXXX", NULL);
  g_autofree gchar *path = g_build_filename (dir, "deep", "encoders", NULL);
  g_autofree gchar *deep = g_build_filename (dir, "deep", NULL);
  g_autoptr (PfFragment) f = fragment ("some", "identity");
  g_autoptr (PfFragment) changed = fragment ("some", "identity ! identity");
  GStatBuf st;
  PfSpeeds *s;

  s = pf_speeds_open (path, NULL);
  PF_CHECK (!pf_speeds_peek (s, f));
  PF_CHECK (pf_speed_is_offered (pf_speeds_get (s, f)));
  PF_CHECK (pf_speeds_get (s, f) == pf_speeds_peek (s, f));
  PF_CHECK_UINT (pf_speeds_measured (s), ==, 1);
  pf_speeds_close (s);
  PF_CHECK_INT (g_stat (path, &st), ==, 0);
  PF_CHECK_INT (st.st_mode & 0777, ==, 0600);

  s = pf_speeds_open (path, NULL);
  PF_CHECK (pf_speeds_peek (s, f));
  PF_CHECK (pf_speed_is_offered (pf_speeds_get (s, f)));
  PF_CHECK_UINT (pf_speeds_measured (s), ==, 0);
  pf_speeds_forget (s, "some");
  PF_CHECK (!pf_speeds_peek (s, f));
  pf_speeds_get (s, f);
  PF_CHECK_UINT (pf_speeds_measured (s), ==, 1);
  pf_speeds_close (s);

  s = pf_speeds_open (path, NULL);
  PF_CHECK (!pf_speeds_peek (s, changed));
  pf_speeds_close (s);

  g_file_set_contents (path, "[some]\nspeed=nonsense\n", -1, NULL);
  s = pf_speeds_open (path, NULL);
  PF_CHECK (!pf_speeds_peek (s, f));
  pf_speeds_close (s);
  g_remove (path);
  g_rmdir (deep);
  g_rmdir (dir);
}

/* A result that was too little is tested again by later runs, twice, and the
 * better one counts. */
static void
test_doubted (void)
{
  static const struct {
    const gchar *script, *speed;
    guint measured;
  } runs[] = {
    { "echo 640x360@99 1280x720@20 1920x1080@8",
        "640x360@99.0 1280x720@20.0 1920x1080@8.0", 1 },
    { "echo 640x360@80 1280x720@70 1920x1080@30",
        "640x360@99.0 1280x720@70.0 1920x1080@30.0", 1 },
    { "echo 640x360@10 1280x720@0 1920x1080@0",
        "640x360@99.0 1280x720@70.0 1920x1080@30.0", 1 },
    { "echo 640x360@999 1280x720@999 1920x1080@999",
        "640x360@99.0 1280x720@70.0 1920x1080@30.0", 0 },
  };
  g_autofree gchar *dir = g_dir_make_tmp ("pf-speed-XXXXXX", NULL);
  g_autofree gchar *path = g_build_filename (dir, "encoders", NULL);
  g_autoptr (PfFragment) f = fragment ("some", "identity");

  for (guint i = 0; i < G_N_ELEMENTS (runs); i++) {
    const gchar *const command[] = { "/bin/sh", "-c", runs[i].script, NULL };
    g_autoptr (PfSpeeds) s = pf_speeds_open (path, command);
    g_autofree gchar *text = pf_speed_to_text (pf_speeds_get (s, f));

    PF_CHECK_STR (text, runs[i].speed);
    PF_CHECK_UINT (pf_speeds_measured (s), ==, runs[i].measured);
    pf_speeds_doubt (s, f);
    PF_CHECK (pf_speeds_get (s, f) == pf_speeds_peek (s, f));
    PF_CHECK_UINT (pf_speeds_measured (s), ==, runs[i].measured);
  }
  g_remove (path);
  g_rmdir (dir);
}

/* In a process of its own: its line is taken, its crash and its nonsense are
 * findings about the encoder. */
static void
test_apart (void)
{
  static const struct {
    const gchar *script, *problem;
  } cases[] = {
    { "echo 640x360@99 1280x720@50 1920x1080@20", NULL },
    { "echo failed: the device is gone", "the device is gone" },
    { "kill -SEGV $$", "its self-test hung or crashed" },
    { "echo hello", "its self-test hung or crashed" },
    { "echo 640x360@99 1280x720@50 1920x1080@20; exit 3",
        "its self-test hung or crashed" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    const gchar *const command[] = { "/bin/sh", "-c", cases[i].script, NULL };
    g_autofree gchar *dir = g_dir_make_tmp ("pf-speed-XXXXXX", NULL);
    g_autofree gchar *path = g_build_filename (dir, "encoders", NULL);
    g_autoptr (PfFragment) f = fragment ("some", "identity");
    g_autoptr (PfSpeeds) s = pf_speeds_open (path, command);
    const PfSpeed *speed = pf_speeds_get (s, f);

    PF_CHECK_STR (speed->problem, cases[i].problem);
    PF_CHECK_INT (pf_speed_is_offered (speed), ==, cases[i].problem == NULL);
    g_remove (path);
    g_rmdir (dir);
  }
}

int
main (int argc, char **argv)
{
  static const gchar *const encoders[] = { "encode-x264", "encode-x264-444",
    "encode-openh264", "encode-x265", "encode-x265-10", "encode-aom" };
  gchar paths[G_N_ELEMENTS (encoders)][64];

  gst_init (&argc, &argv);
  PF_TEST_ADD ("/speed/estimate", test_estimate);
  PF_TEST_ADD ("/speed/feed", test_feed);
  PF_TEST_ADD ("/speed/working-mode", test_working_mode);
  PF_TEST_ADD ("/speed/text", test_text);
  for (guint i = 0; i < G_N_ELEMENTS (encoders); i++) {
    g_snprintf (paths[i], sizeof paths[i], "/speed/measure/%s", encoders[i]);
    pf_test_add_data (paths[i], test_measure, encoders[i]);
  }
  PF_TEST_ADD ("/speed/broken", test_broken);
  PF_TEST_ADD ("/speed/cache", test_cache);
  PF_TEST_ADD ("/speed/doubted", test_doubted);
  PF_TEST_ADD ("/speed/apart", test_apart);
  return pf_test_run (argc, argv);
}
