/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Shows that pf-validate fails where it has to, for the reason that it has
 * to: planted faults of data flow, and files that say something wrong. Each
 * has a twin without the fault that passes.
 *
 * Environment: PF_VALIDATE, the program.
 */
#include "pf-test.h"

#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>

#define H264                                                                   \
  "capsfilter caps=video/x-h264,stream-format=byte-stream,alignment=au"
#define SOURCE "fakesrc num-buffers=20 format=time sizetype=fixed ! " H264
#define LIVE                                                                   \
  "fakesrc is-live=true format=time sizetype=fixed do-timestamp=true "         \
  "datarate=409600 ! " H264
#define META(line) "meta,\n    args = {\n        \"" line "\",\n    }\n"

typedef struct {
  const gchar *name, *text;
  const gchar *why; /* in the output of a failure; NULL: passes */
} Case;

/* Runs pf-validate on a file with this text. */
static gchar *
run (const gchar *text, gint *status)
{
  GError *error = NULL;
  gchar *file = NULL, *out = NULL;
  gchar *argv[] = { (gchar *) g_getenv ("PF_VALIDATE"), (gchar *) "--timeout=5",
    NULL, NULL };
  gint wait_status, fd = g_file_open_tmp ("XXXXXX.validatetest", &file, &error);

  PF_REQUIRE (fd >= 0 && argv[0]);
  g_close (fd, NULL);
  PF_CHECK (g_file_set_contents (file, text, -1, NULL));
  argv[2] = file;
  PF_CHECK (g_spawn_sync (NULL, argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, &out,
      NULL, &wait_status, &error));
  *status = -1;
  if (g_spawn_check_wait_status (wait_status, &error))
    *status = 0;
  else if (g_error_matches (error, G_SPAWN_EXIT_ERROR, error->code))
    *status = error->code;
  g_clear_error (&error);
  g_unlink (file);
  g_free (file);
  return out;
}

static void
test_case (const void *data)
{
  const Case *c = data;
  gint status;
  gchar *out = run (c->text, &status);

  PF_REQUIRE (out);
  PF_CHECK_INT (status, ==, c->why ? 1 : 0);
  PF_CHECK (strstr (out, c->why ? "\nnot ok 1 - " : "\nok 1 - "));
  if (c->why && !strstr (out, c->why))
    pf_test_fail (__FILE__, __LINE__, "not said: %s", c->why);
  if (pf_test_failed ()) {
    gchar **lines = g_strsplit (out, "\n", -1);

    for (guint i = 0; lines[i]; i++)
      pf_test_note ("| %s", lines[i]);
    g_strfreev (lines);
  }
  g_free (out);
}

#define PLANT(fault) META (SOURCE " ! pfplant fault=" fault " ! fakesink")
#define FLUSH(fault)                                                           \
  META (LIVE " ! pfplant name=a ! pfplant name=b fault=" fault " ! fakesink "  \
             "async=false sync=false")                                         \
  "wait, duration=0.5\n"                                                       \
  "emit-signal, target-element-name=a, signal-name=flush\n"                    \
  "wait, duration=0.05\n"                                                      \
  "stop\n"
#define EXPECTED_THEN(entries, line, then)                                     \
  "meta,\n    allow-errors=true,\n    handles-states=true,\n"                  \
  "    expected-issues = {\n" entries "    },\n"                               \
  "    args = {\n        \"" line "\",\n    }\nplay\n" then "\n"
#define EXPECTED(entries, line)                                                \
  EXPECTED_THEN (entries, line, "stop, on-message=error")
#define ISSUE(fields) "        \"expected-issue, " fields "\",\n"
#define ON_BUS "issue-id=runtime::error-on-bus, level=critical, sometimes=true"
/* fails as soon as there is a buffer */
#define BROKEN SOURCE " ! identity error-after=2 ! fakesink"

static const Case cases[] = {
  { "plain", META (SOURCE " ! fakesink"), NULL },
  { "plant/none", PLANT ("none"), NULL },
  { "plant/no-caps", PLANT ("no-caps"), "pf::buffer-before-caps on pfplant" },
  { "plant/late-caps", PLANT ("late-caps"),
      "pf::caps-after-buffer on fakesink" },
  { "plant/no-segment", PLANT ("no-segment"), "buffer::before-segment on " },
  { "plant/backwards", PLANT ("backwards"), "pf::timestamp-backwards on " },
  { "plant/backwards-pts", PLANT ("backwards-pts"),
      "pf::timestamp-backwards on " },
  { "plant/backwards-in-list", PLANT ("backwards-in-list"),
      "pf::timestamp-backwards on " },
  { "plant/after-eos", PLANT ("after-eos"), "buffer::after-eos on " },
  { "plant/list-after-eos", PLANT ("list-after-eos"), "buffer::after-eos on " },
  { "plant/eos-twice", PLANT ("eos-twice"), "pf::eos-twice on " },
  { "plant/no-latency", PLANT ("no-latency"), "pf::latency-unanswered on " },
  { "plant/wrong-latency", PLANT ("wrong-latency"),
      "pf::latency-unanswered on " },
  { "plant/leak-buffer", PLANT ("leak-buffer"), "pf::leak on " },
  { "plant/leak-pad", PLANT ("leak-pad"), "pf::leak on " },
  { "plant/flush", FLUSH ("none"), NULL },
  { "plant/swallow-flush", FLUSH ("swallow-flush"),
      "pf::buffer-after-flush-start on b:src" },
  { "plant/push-on", FLUSH ("push-on"),
      "pf::buffer-after-flush-start on b:src" },
  { "plant/no-segment-after-flush", FLUSH ("no-segment-after-flush"),
      "buffer::before-segment on b:src" },

  { "file/unknown-action", META (SOURCE " ! fakesink") "fly, height=3\n",
      "unknown action fly" },
  { "file/optional-action",
      META (SOURCE " ! fakesink") "fly, optional-action-type=true\n",
      "unknown action fly" },
  { "file/missing-optional-element",
      META (SOURCE " ! identity ! pfnosuchelement name=gone ! fakesink") "play"
                                                                         "\n",
      "pfnosuchelement" },
  { "file/missing-file",
      META (SOURCE " ! fakesink") "include, location=/nonexistent/file\n",
      "unknown action include" },
  { "file/unknown-meta",
      "meta,\n    skip=true,\n    args = {\n        \"" SOURCE
      " ! fakesink\",\n    }\n",
      "skip" },
  { "file/unknown-field", META (SOURCE " ! fakesink") "play, rate=2.0\n",
      "play has no field rate" },
  { "file/no-element", META ("pfnosuchelement ! fakesink"), "pfnosuchelement" },
  { "file/does-not-link",
      META (SOURCE " ! pfplant ! capsfilter "
                   "caps=audio/x-raw ! fakesink"),
      "failed:" },
  { "file/no-meta", "play\n", "play comes before meta" },
  { "file/no-args", "meta, handles-states=true\nplay\n", "meta needs args" },
  { "file/empty", "# nothing\n", "has no meta" },
  { "file/trailing-blank", "meta, \n    args = { \"fakesrc ! fakesink\" }\n",
      "a blank at the end of a line" },
  { "file/hash", META (SOURCE " ! fakesink") "stop # here\n",
      "a comment needs a line of its own" },
  { "file/semicolon", META (SOURCE " ! fakesink") "stop; play\n",
      "what follows a semicolon" },
  { "file/unfinished", META (SOURCE " ! fakesink") "wait,\n",
      "a blank line inside of a structure" },
  { "file/cut", META (SOURCE " ! fakesink") "wait,",
      "ends inside of a structure" },
  { "file/globals",
      "set-globals, count=7\n" META (
          "fakesrc name=$(test_name) num-buffers=$(count) ! fakesink"),
      NULL },
  { "file/no-variable", META ("fakesrc name=$(nobody) ! fakesink"),
      "there is no variable $(nobody)" },

  { "time-out", META (LIVE " ! fakesink") "wait, message-type=eos\n",
      "the time is up" },
  { "not-ended",
      META (SOURCE " ! fakesink") "check-property, on-message=application, "
                                  "target-element-name=x, "
                                  "property-name=y, property-value=1\n",
      "scenario::not-ended on line 5" },
  { "not-playing", META ("filesrc location=/nonexistent/file ! fakesink"),
      "pf::not-playing" },
  { "error", META (BROKEN), "runtime::error-on-bus" },
  { "error/expected",
      EXPECTED (ISSUE (ON_BUS ", details=\\\"Failed after iterations\\\"")
                    ISSUE (ON_BUS) ISSUE (
                        "issue-id=scenario::execution-error, sometimes=true"),
          BROKEN),
      NULL },
  { "error/another-text",
      EXPECTED (
          ISSUE ("issue-id=runtime::error-on-bus, details=\\\"no such "
                 "text\\\"")
              ISSUE ("issue-id=scenario::execution-error, sometimes=true"),
          BROKEN),
      "runtime::error-on-bus" },
  { "error/twice",
      EXPECTED_THEN (
          ISSUE ("issue-id=runtime::error-on-bus, details=\\\"Failed "
                 "after\\\"")
              ISSUE ("issue-id=scenario::execution-error, sometimes=true"),
          "fakesrc ! tee name=t t. ! queue ! identity error-after=1 ! fakesink "
          "async=false t. ! queue ! identity error-after=1 ! fakesink "
          "async=false",
          "wait, duration=0.5\nstop"),
      "failed: runtime::error-on-bus" },
  { "error/did-not-come",
      "meta,\n    expected-issues = {\n" ISSUE (
          "issue-id=runtime::error-on-bus") "    },\n    args = {\n        "
                                            "\"" SOURCE " ! fakesink\",\n"
                                            "    }\n",
      "expected, but did not come" },

  { "property/set",
      META (LIVE
          " ! identity name=i ! fakesink") "set-property, "
                                           "target-element-name=i, "
                                           "property-name=sleep-time, "
                                           "property-value=5\n"
                                           "set-properties, "
                                           "i::drop-probability=0.5, "
                                           "i::silent=false\n"
                                           "check-property, "
                                           "target-element-name=i, "
                                           "property-name=sleep-time, "
                                           "property-value=5\n"
                                           "check-properties, "
                                           "i::drop-probability=0.5, "
                                           "i::silent=false, "
                                           "i::sleep-time=(guint)5\nstop\n",
      NULL },
  { "property/differs",
      META (LIVE " ! identity name=i ! fakesink") "check-property, "
                                                  "target-element-name=i, "
                                                  "property-name=sleep-time, "
                                                  "property-value=6\nstop\n",
      "i::sleep-time is 0, expected is 6" },
  { "property/differs-in-many",
      META (LIVE
          " ! identity name=i ! fakesink") "check-properties, i::silent=true, "
                                           "i::sleep-time=6\nstop\n",
      "i::sleep-time is 0, expected is 6" },
  { "property/none",
      META (LIVE " ! identity name=i ! fakesink") "check-properties, "
                                                  "i::weight=6\nstop\n",
      "i has no property weight" },
  { "property/out-of-range",
      META (LIVE
          " ! identity name=i ! fakesink") "set-properties, "
                                           "i::drop-probability=7.0\nstop\n",
      "cannot have this value" },
  { "property/no-element",
      META (LIVE " ! identity name=i ! fakesink") "check-properties, "
                                                  "j::weight=6\nstop\n",
      "there is no element j" },
  { "signal/never",
      META (
          LIVE " ! fakesink name=s async=false") "wait, target-element-name=s, "
                                                 "signal-name=handoff\nstop\n",
      "the time is up" },
  /* the source negotiates again with its second buffer, and calls it an
   * error of its own to be stopped in the middle of that */
  { "signal",
      META (LIVE
          " ! fakesink name=s async=false signal-handoffs=true") "wait, "
                                                                 "target-"
                                                                 "element-name="
                                                                 "s, "
                                                                 "signal-name="
                                                                 "handoff\n"
                                                                 "check-"
                                                                 "current-pad-"
                                                                 "caps, "
                                                                 "target-"
                                                                 "element-name="
                                                                 "s, pad=sink, "
                                                                 "expected-"
                                                                 "caps=[video/"
                                                                 "x-h264]"
                                                                 "\nwait, "
                                                                 "duration=0."
                                                                 "1\nstop\n",
      NULL },
  { "caps/differ",
      META (LIVE
          " ! fakesink name=s async=false signal-handoffs=true") "wait, "
                                                                 "target-"
                                                                 "element-name="
                                                                 "s, "
                                                                 "signal-name="
                                                                 "handoff\n"
                                                                 "check-"
                                                                 "current-pad-"
                                                                 "caps, "
                                                                 "target-"
                                                                 "element-name="
                                                                 "s, pad=sink, "
                                                                 "expected-"
                                                                 "caps=[video/"
                                                                 "x-h264], "
                                                                 "comparison-"
                                                                 "type="
                                                                 "equal\nstop"
                                                                 "\n",
      "the caps of sink are" },
  { "playback-time",
      META (LIVE
          " ! identity name=i ! fakesink") "set-properties, playback-time=0.3, "
                                           "i::sleep-time=(guint)1\n"
                                           "check-property, "
                                           "target-element-name=i, "
                                           "property-name=sleep-time, "
                                           "property-value=1\nstop, "
                                           "playback-time=0.4\n",
      NULL },
};

static void
test_usage (void)
{
  const gchar *const wrong[] = { "", " --timeout=0 x", " --nonsense x" };

  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++) {
    gchar *line = g_strconcat (g_getenv ("PF_VALIDATE"), wrong[i], NULL);
    GError *error = NULL;
    gint status;

    PF_REQUIRE (g_spawn_command_line_sync (line, NULL, NULL, &status, NULL));
    PF_CHECK (!g_spawn_check_wait_status (status, &error));
    PF_CHECK_INT (error ? error->code : 0, ==, 2);
    g_clear_error (&error);
    g_free (line);
  }
}

static void
test_help (void)
{
  gchar *line = g_strconcat (g_getenv ("PF_VALIDATE"), " --help", NULL);
  gchar *out = NULL;
  gint status;

  PF_REQUIRE (g_spawn_command_line_sync (line, &out, NULL, &status, NULL));
  PF_CHECK_INT (status, ==, 0);
  PF_CHECK (strstr (out, "--timeout"));
  g_free (out);
  g_free (line);
}

int
main (int argc, char **argv)
{
  gchar *paths[G_N_ELEMENTS (cases)];
  int ret;

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    paths[i] = g_strconcat ("/validate/", cases[i].name, NULL);
    pf_test_add_data (paths[i], test_case, &cases[i]);
  }
  PF_TEST_ADD ("/validate/usage", test_usage);
  PF_TEST_ADD ("/validate/help", test_help);
  ret = pf_test_run (argc, argv);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    g_free (paths[i]);
  return ret;
}
