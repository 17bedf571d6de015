/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The whole of it, as a Moonlight client does it: pairs, asks, launches,
 * streams, leaves, comes back, quits. pf-host is the program, the client is
 * made of libpf's halves; pictures and tones are looked at.
 */
#include "gs-client.h"
#include "gs-viewer.h"
#include "pf-test.h"
#include "serve-host.h"

#include <gst/gst.h>
#include <string.h>

#define H264 "video/x-h264,stream-format=byte-stream,alignment=au"
#define OPUS "audio/x-opus,channels=2,channel-mapping-family=0"
#define KEY "c0ffee00112233445566778899aabbcc"
#define OTHER_KEY "c0ffee00112233445566778899aabbcd"
#define RESUME "/resume?mode=640x360x30&rikeyid=-5&corever=1&rikey="
#define WAIT_MS 20000
#define WIDTH 640
#define HEIGHT 360

static void
on_video (GsClient *client, const PfEvent *e, void *viewer)
{
  (void) client;
  if (e->type == PF_EVENT_FRAME)
    gs_viewer_video (viewer, e->unit, e->unit_size);
}

static void
get_session (
    GsWeb *web, const gchar *path, const gchar *key, GsClientConfig *config)
{
  GsAnswer a = gs_web_get (web, TRUE, path);
  g_autofree gchar *url = gs_answer_element (&a, "sessionUrl0");

  pf_test_note ("%s", a.body ? strstr (a.body, "<root") : "no answer");
  PF_REQUIRE_UINT (gs_answer_status (&a), ==, 200);
  PF_REQUIRE (url && g_str_has_prefix (url, "rtspenc://" SERVE_LOCAL ":"));
  memset (config, 0, sizeof *config);
  config->host = SERVE_LOCAL;
  config->rtsp_port =
      (guint) g_ascii_strtoull (strrchr (url, ':') + 1, NULL, 10);
  config->sealed_rtsp = true;
  config->key_id = (guint32) -5;
  for (guint i = 0; i < sizeof config->key; i++)
    config->key[i] = (guint8) (g_ascii_xdigit_value (key[2 * i]) << 4 |
                               g_ascii_xdigit_value (key[2 * i + 1]));
  gs_client_announce_usual (&config->announce);
  config->announce.width = WIDTH;
  config->announce.height = HEIGHT;
  config->announce.fps = 30;
  config->announce.refresh_x100 = 3000;
  gs_answer_clear (&a);
}

/* Frames that were seen, one after the other; what else is checked here. */
static void
watch (const GsClientConfig *config, guint frames)
{
  GsViewer *viewer = gs_viewer_new (H264, NULL, TRUE);
  GsClientConfig c = *config;
  GsClientStats stats;
  GsViewed viewed;
  GsClient *client;

  c.video = on_video;
  c.user = viewer;
  client = gs_client_new (&c);
  PF_REQUIRE (client);
  PF_REQUIRE_UINT (gs_client_shake (client, PF_GS_STEP_DONE), ==, 200);
  gs_client_start (client, GS_ALL);
  PF_CHECK (gs_client_wait_connected (client, WAIT_MS));
  PF_CHECK (gs_viewer_wait (viewer, frames, WAIT_MS));
  PF_CHECK (gs_client_wait_audio (client, 100, WAIT_MS));
  gs_client_stats (client, &stats);
  gs_viewer_get (viewer, &viewed);
  pf_test_note ("first video %llu ms, first audio %llu ms, %u pictures, %u "
                "left out, %u wrong",
      (unsigned long long) stats.first_video_ns / 1000000,
      (unsigned long long) stats.first_audio_ns / 1000000, viewed.frames,
      viewed.skipped, viewed.wrong);
  PF_CHECK_UINT (viewed.width, ==, WIDTH);
  PF_CHECK_UINT (viewed.height, ==, HEIGHT);
  PF_CHECK_UINT (viewed.wrong, ==, 0);
  PF_CHECK_UINT (stats.not_authentic, ==, 0);
  PF_CHECK_UINT (stats.first_frame, ==, 1);
  PF_CHECK_STR (gs_viewer_error (viewer), NULL);
  gs_client_stop (client);
  gs_client_free (client);
  gs_viewer_free (viewer);
}

static void
check_running (GsWeb *web, const gchar *id)
{
  GsAnswer a = gs_web_get (web, TRUE, "/serverinfo");

  PF_CHECK (gs_answer_is (&a, "currentgame", id));
  PF_CHECK (gs_answer_is (&a, "state",
      *id == '0' ? "SUNSHINE_SERVER_FREE" : "SUNSHINE_SERVER_BUSY"));
  gs_answer_clear (&a);
}

static gchar *
first_title (GsWeb *web)
{
  GsAnswer a = gs_web_get (web, TRUE, "/applist");
  gchar *id = gs_answer_element (&a, "ID");

  gs_answer_clear (&a);
  PF_REQUIRE (id);
  return id;
}

static guint
status_of (GsWeb *web, const gchar *path)
{
  GsAnswer a = gs_web_get (web, TRUE, path);
  const guint status = gs_answer_status (&a);

  gs_answer_clear (&a);
  return status;
}

static void
make_pair (ServeHost *h, GsWeb *web)
{
  gboolean agreed = FALSE;

  gs_web_init (web, SERVE_LOCAL, h->base);
  gs_web_identify (web, GS_CERT_USUAL, NULL);
  PF_REQUIRE_INT (
      serve_pair (h, web, "1234", "1234", GS_PHASE_CONFIRM, &agreed), ==, 0);
}

/* What the host said, if that is of interest. */
static void
note_log (const ServeHost *h)
{
  g_autofree gchar *log = serve_read_log (h);
  g_auto (GStrv) lines = g_strsplit (log, "\n", -1);

  for (guint i = 0; pf_test_failed () && lines[i]; i++)
    pf_test_note ("host: %s", lines[i]);
}

static void
test_path (void)
{
  g_autofree gchar *id = NULL, *launch = NULL;
  GsClientConfig config;
  ServeHost h;
  GsWeb web;

  serve_make_dir (&h);
  serve_start (&h, "--gamestream");
  make_pair (&h, &web);
  id = first_title (&web);
  check_running (&web, "0");
  launch = g_strdup_printf ("/launch?appid=%s&mode=640x360x30&rikey=" KEY
                            "&rikeyid=-5&corever=1&surroundAudioInfo=196610",
      id);
  get_session (&web, launch, KEY, &config);
  watch (&config, 60);
  check_running (&web, id); /* it left, and may come back */
  PF_CHECK_UINT (status_of (&web, launch), ==, 400);
  PF_CHECK_UINT (status_of (&web, RESUME KEY), ==, 400); /* seals once */
  get_session (&web, RESUME OTHER_KEY, OTHER_KEY, &config);
  watch (&config, 30);
  PF_CHECK_UINT (status_of (&web, "/cancel"), ==, 200);
  check_running (&web, "0");
  note_log (&h);
  serve_stop (&h, FALSE);
  gs_web_clear (&web);
  serve_remove_dir (&h);
}

/* Streams, until CHANGE was made to the device's rights. */
static void
check_ends (int (*change) (const ServeHost *, const gchar *))
{
  g_autofree gchar *id = NULL, *launch = NULL, *who = NULL;
  GsClientConfig config;
  GsClient *client;
  ServeHost h;
  GsWeb web;

  serve_make_dir (&h);
  serve_start (&h, "--gamestream");
  make_pair (&h, &web);
  id = first_title (&web);
  launch = g_strdup_printf ("/launch?appid=%s&mode=640x360x30&rikey=" KEY
                            "&rikeyid=-5&corever=1",
      id);
  get_session (&web, launch, KEY, &config);
  client = gs_client_new (&config);
  PF_REQUIRE_UINT (gs_client_shake (client, PF_GS_STEP_DONE), ==, 200);
  gs_client_start (client, GS_ALL);
  PF_CHECK (gs_client_wait_frames (client, 10, WAIT_MS));
  who = g_strdup_printf ("%.16s", web.fingerprint);
  PF_CHECK_INT (change (&h, who), ==, 0);
  PF_CHECK (gs_client_wait_closed (client, WAIT_MS));
  PF_CHECK_UINT (status_of (&web, "/serverinfo"), ==, 401);
  gs_client_free (client);
  note_log (&h);
  serve_stop (&h, FALSE);
  gs_web_clear (&web);
  serve_remove_dir (&h);
}

/* S2: removed while it streams: its session ends. */
static void
test_removed (void)
{
  check_ends (serve_remove);
}

static int
soon (const ServeHost *h, const gchar *who)
{
  return serve_grant (h, who, "all", "2s");
}

/* S38: rights that end take the session with them. */
static void
test_expiry (void)
{
  check_ends (soon);
}

int
main (int argc, char **argv)
{
  int status;

  gst_init (NULL, NULL);
  PF_TEST_ADD ("/gs-path/whole", test_path);
  PF_TEST_ADD ("/gs-path/S2/removed", test_removed);
  PF_TEST_ADD ("/gs-path/S38/expiry", test_expiry);
  serve_begin ();
  status = pf_test_run (argc, argv);
  serve_end ();
  return status;
}
