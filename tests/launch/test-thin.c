/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * pf-host and pf-client as people start them, over loopback: a picture whose
 * numbers are verified, refusals with their words, status, a taken port.
 */
#include "pf-test.h"
#include "programs.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Microseconds from the capture of a frame to a stage; -1: not known. */
static gint64
stage_us (const PfJsonDoc *doc, const gchar *stage)
{
  const PfJson *at = pf_json_member (pf_json_root (doc), "stages-us");
  int64_t value = -1;

  at = pf_json_member (pf_json_member (at, stage), "since-capture");
  pf_json_int64 (pf_json_member (at, "p50"), &value);
  return value;
}

/* Both programs together know every stage, in this order. */
static void
check_stages (const PfJsonDoc *doc)
{
  static const gchar *const stages[] = { "encoded", "first-packet",
    "last-packet", "reassembled", "decoded", "presented" };
  gint64 before = 1;

  for (guint i = 0; i < G_N_ELEMENTS (stages); i++) {
    const gint64 us = stage_us (doc, stages[i]);

    pf_test_note ("%s after %lld us", stages[i], (long long) us);
    PF_CHECK_INT (us, >=, before);
    before = us;
  }
}

/* Frames come, each with the number after the one before, nothing lost on the
 * way. What a busy machine did not encode was left out before the encoder. */
static void
test_picture (void)
{
  PfJsonDoc *doc;
  Said said;
  Host h;

  host_start (&h);
  said = client_run (&h, "640x360@30", h.fingerprint);
  pf_test_note ("%s", said.err);
  PF_CHECK_INT (said.status, ==, 0);
  doc = report_last_line (said.out);
  PF_REQUIRE (doc);
  PF_CHECK_INT (report_number (doc, NULL, "presented"), >=, 60);
  PF_CHECK_INT (report_number (doc, NULL, "verified"), >=, 30);
  PF_CHECK_INT (report_number (doc, NULL, "unreadable"), ==, 0);
  PF_CHECK_INT (report_number (doc, NULL, "backwards"), ==, 0);
  PF_CHECK_INT (report_number (doc, "fec", "frames-lost"), ==, 0);
  check_stages (doc);
  pf_test_note ("first frame after %lld ms, %lld left out",
      (long long) report_number (doc, NULL, "first-frame-ms"),
      (long long) report_number (doc, NULL, "missing"));
  pf_json_free (doc);
  said_clear (&said);
  host_stop (&h);
}

/* A codec comes through, where this machine is fast enough to offer it. */
static void
test_codec (const void *data)
{
  const gchar *codec = data;
  const gchar *more[] = { "--codec", codec, "--frames", "30", NULL };
  gboolean offered;
  PfJsonDoc *doc;
  Said said;
  Host h;

  host_start (&h);
  offered = h.codecs && strstr (h.codecs, codec) != NULL;
  if (offered) {
    said = client_run_with (&h, "320x240@24", more);
    pf_test_note ("%s", said.err);
    PF_CHECK_INT (said.status, ==, 0);
    doc = report_last_line (said.out);
    PF_REQUIRE (doc);
    PF_CHECK (strstr (said.out, "\"type\":\"summary\",\"codec\":\"") != NULL);
    PF_CHECK (strstr (said.out, codec) != NULL);
    PF_CHECK_INT (report_number (doc, NULL, "presented"), >=, 30);
    PF_CHECK_INT (report_number (doc, NULL, "verified"), >=, 15);
    PF_CHECK_INT (report_number (doc, NULL, "unreadable"), ==, 0);
    PF_CHECK_INT (report_number (doc, NULL, "backwards"), ==, 0);
    PF_CHECK_INT (report_number (doc, "fec", "frames-lost"), ==, 0);
    pf_json_free (doc);
    said_clear (&said);
  }
  host_stop (&h);
  if (!offered)
    pf_test_skip ("this machine makes less than 24 frames a second in it");
}

/* On a machine that is slow in HEVC and AV1 a client gets H.264 at its rate,
 * and with HEVC alone a refusal. The host is one that keeps its results. */
static void
test_slow (void)
{
  const gchar *more[] = { "--frames", "20", NULL };
  const gchar *h265[] = { "--codec", "h265", NULL };
  PfJsonDoc *doc;
  Said said;
  Host h;

  host_make_place (&h);
  host_spawn_as_nobody (&h);
  host_end (&h);
  PF_REQUIRE (host_set_speed (
      &h, "encode-x264", "640x360@400.0 1280x720@90.0 1920x1080@70.0"));
  host_set_speed (
      &h, "encode-x265", "640x360@44.0 1280x720@18.0 1920x1080@8.0");
  host_set_speed (
      &h, "encode-aom", "640x360@60.0 1280x720@22.0 1920x1080@11.0");
  host_spawn_as_nobody (&h);
  said = client_run_with (&h, "1280x720@60", more);
  pf_test_note ("%s", said.err);
  PF_CHECK_INT (said.status, ==, 0);
  doc = report_last_line (said.out);
  PF_REQUIRE (doc);
  PF_CHECK (strstr (said.out, "\"type\":\"summary\",\"codec\":\"h264\""));
  PF_CHECK_INT (report_number (doc, NULL, "presented"), >=, 20);
  if (said.status == 0)
    host_wait_for_line (&h, "1280x720 at 60 in h264 by encode-x264");
  pf_json_free (doc);
  said_clear (&said);
  if (strstr (h.codecs, "h265")) {
    said = client_run_with (&h, "1280x720@60", h265);
    PF_CHECK_INT (said.status, ==, 1);
    PF_CHECK (strstr (said.err, "1280x720 in h265 with 18 frames a second"));
    said_clear (&said);
  }
  host_stop (&h);
}

/* Sound of 7.1 is decoded beside the picture. */
static void
test_channels (void)
{
  const gchar *more[] = { "--channels", "8", "--frames", "30", NULL };
  PfJsonDoc *doc;
  Said said;
  Host h;

  host_start (&h);
  said = client_run_with (&h, "320x240@24", more);
  pf_test_note ("%s", said.err);
  PF_CHECK_INT (said.status, ==, 0);
  doc = report_last_line (said.out);
  PF_REQUIRE (doc);
  PF_CHECK_INT (report_number (doc, NULL, "presented"), >=, 30);
  PF_CHECK_INT (report_number (doc, "receiver", "audio"), >=, 30);
  pf_json_free (doc);
  said_clear (&said);
  host_stop (&h);
}

/* Too much for any encoder here: refused with a mode that works. */
static void
test_too_much (void)
{
  Said said;
  Host h;

  host_start (&h);
  said = client_run (&h, "7680x4320@120", NULL);
  PF_CHECK_INT (said.status, ==, 1);
  PF_CHECK (said.err && strstr (said.err, "which is too few"));
  pf_test_note ("%s", said.err);
  said_clear (&said);
  host_stop (&h);
}

static void
test_wrong_pin (void)
{
  static const gchar pin[] =
      "abababababababababababababababababababababababababababababababab";
  Said said;
  Host h;

  host_start (&h);
  said = client_run (&h, "640x360@30", pin);
  PF_CHECK_INT (said.status, ==, 1);
  PF_CHECK (strstr (said.out, "\"presented\":0,"));
  pf_test_note ("%s", said.err);
  said_clear (&said);
  host_stop (&h);
}

/* A second host on the port ends at once, and says who has it. */
static void
test_taken (void)
{
  g_autofree gchar *port = NULL, *out = NULL, *err = NULL, *wanted = NULL;
  gint64 begin;
  GSubprocess *process;
  Host h;

  host_start (&h);
  port = g_strdup_printf ("%u", h.port);
  {
    const gchar *argv[] = { program_path ("PF_HOST"), "serve", "--source",
      "test", "--no-mdns", "--listen", "127.0.0.1", "--port", port,
      geteuid () == 0 ? "--user" : NULL, "nobody", NULL };

    begin = g_get_monotonic_time ();
    process = program_spawn (
        argv, G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE);
  }
  g_subprocess_communicate_utf8 (process, NULL, NULL, &out, &err, NULL);
  pf_test_note ("after %lld ms: %s",
      (long long) (g_get_monotonic_time () - begin) / 1000, err);
  PF_CHECK_INT (g_subprocess_get_exit_status (process), ==, 1);
  wanted = g_strdup_printf ("UDP port %u is taken by", h.port);
  PF_CHECK (err && strstr (err, wanted) && strstr (err, "--port N"));
  g_object_unref (process);
  host_stop (&h);
}

static guint
count_text (const gchar *text, const gchar *word)
{
  guint n = 0;

  for (const gchar *at = text; (at = strstr (at, word)); at += strlen (word))
    n++;
  return n;
}

/* One stream through modes and bitrates: each picture has the number after the
 * one before, no key was changed, and what cannot be is refused. */
static void
test_changes (void)
{
  const gchar *more[] = { "--codec", "h264", "--remode", "854x480@30:1",
    "--remode", "640x360@30:2", "--remode", "8192x4320@120:3", "--rebitrate",
    "3000:3.5", "--speed-test", "20000:300:4", "--seconds", "5", NULL };
  PfJsonDoc *doc;
  Said said;
  Host h;

  host_start (&h);
  said = client_run_with (&h, "640x360@30", more);
  pf_test_note ("%s", said.err);
  PF_CHECK_INT (said.status, ==, 0);
  PF_CHECK_UINT (count_text (said.out, "\"accepted\":true"), ==, 2);
  PF_CHECK_UINT (count_text (said.out, "\"accepted\":false"), ==, 1);
  PF_CHECK_UINT (count_text (said.out, "\"bitrate-kbps\":3000}"), ==, 1);
  PF_CHECK_UINT (count_text (said.out, "\"type\":\"speed-test\""), ==, 1);
  doc = report_last_line (said.out);
  PF_REQUIRE (doc);
  PF_CHECK_INT (report_number (doc, NULL, "size-changes"), ==, 2);
  PF_CHECK_INT (report_number (doc, NULL, "unreadable"), ==, 0);
  PF_CHECK_INT (report_number (doc, NULL, "backwards"), ==, 0);
  PF_CHECK_INT (report_number (doc, "fec", "frames-lost"), ==, 0);
  PF_CHECK_INT (report_number (doc, "fec", "filler-packets"), >, 100);
  PF_CHECK_INT (report_number (doc, "receiver", "keyframe-requests"), ==, 0);
  pf_test_note ("%lld us between old and new picture, %lld left out",
      (long long) report_number (doc, "size-changes-us", "worst"),
      (long long) report_number (doc, NULL, "missing"));
  pf_json_free (doc);
  said_clear (&said);
  host_stop (&h);
}

static GSubprocess *
start_client (const Host *h, const gchar *device)
{
  g_autofree gchar *address = g_strdup_printf ("127.0.0.1:%u", h->port);
  g_autofree gchar *identity = g_build_filename (h->dir, device, NULL);
  const gchar *argv[] = { program_path ("PF_CLIENT"), "connect", address,
    "--headless", "--tofu", "--mode", "640x360@30", "--codec", "h264",
    "--identity", identity, NULL };

  return program_spawn (argv, G_SUBPROCESS_FLAGS_STDOUT_SILENCE);
}

static void
end_client (GSubprocess *client)
{
  g_subprocess_force_exit (client);
  g_subprocess_wait (client, NULL, NULL);
  g_object_unref (client);
}

/* A client that stops is missed within 3 s and taken back at once; one that
 * dies finds its display as it was, which is nobody else's; and one that stays
 * away is forgotten. */
static void
test_vanish (void)
{
  GSubprocess *client;
  gint64 ms, begin;
  Host h;

  host_start_with (&h, "--keep", "8");
  client = start_client (&h, "client");
  host_wait_for_line (&h, "640x360 at 30 in h264");
  g_usleep (2 * G_USEC_PER_SEC); /* it watches for a while */
  g_subprocess_send_signal (client, 19 /* SIGSTOP */);
  ms = host_wait_for_line (&h, "not heard");
  pf_test_note ("missed after %lld ms", (long long) ms);
  PF_CHECK_INT (ms, <=, 3000);
  g_subprocess_send_signal (client, 18 /* SIGCONT */);
  ms = host_wait_for_line (&h, "is back");
  PF_CHECK_INT (ms, <=, 3000);
  /* QUIC lives for three of its probe timeouts at least, and has to learn
   * anew how long a round trip takes */
  g_usleep (2 * G_USEC_PER_SEC);
  end_client (client);
  ms = host_wait_for_line (&h, "not heard");
  PF_CHECK_INT (ms, <=, 3500);
  ms += host_wait_for_line (&h, "waits for its return");
  pf_test_note ("its connection lived for %lld ms", (long long) ms);
  PF_CHECK_INT (ms, >=, 7000);
  PF_CHECK_INT (ms, <=, 11000);
  client = start_client (&h, "client");
  host_wait_for_line (&h, "goes on with session 1");
  end_client (client);
  host_wait_for_line (&h, "waits for its return");
  /* not another device's, and be it as if it were the same */
  begin = g_get_monotonic_time ();
  client = start_client (&h, "stranger");
  host_wait_for_words (&h, "640x360 at 30 in h264", "goes on with");
  host_wait_for_line (&h, "did not return");
  ms = (g_get_monotonic_time () - begin) / 1000;
  PF_CHECK_INT (ms, >=, 7000);
  PF_CHECK_INT (ms, <=, 10000);
  end_client (client);
  host_stop (&h);
}

int
main (int argc, char **argv)
{
  PF_TEST_ADD ("/thin/picture", test_picture);
  pf_test_add_data ("/thin/h265", test_codec, "h265");
  PF_TEST_ADD ("/thin/slow", test_slow);
  PF_TEST_ADD ("/thin/channels", test_channels);
  PF_TEST_ADD ("/thin/changes", test_changes);
  PF_TEST_ADD ("/thin/vanish", test_vanish);
  PF_TEST_ADD ("/thin/too-much", test_too_much);
  PF_TEST_ADD ("/thin/wrong-pin", test_wrong_pin);
  PF_TEST_ADD ("/thin/taken", test_taken);
  return pf_test_run (argc, argv);
}
