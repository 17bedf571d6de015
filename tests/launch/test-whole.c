/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A whole session of pf-host and pf-client, from the first word to both ends,
 * small enough for builds with sanitizers: a finding in either program is a
 * status that is not 0.
 */
#include "pf-test.h"
#include "programs.h"

#include <string.h>

static void
check_report (const gchar *out)
{
  PfJsonDoc *doc = report_last_line (out);

  PF_REQUIRE (doc);
  PF_CHECK_INT (report_number (doc, NULL, "presented"), >, 0);
  PF_CHECK_INT (report_number (doc, NULL, "unreadable"), ==, 0);
  PF_CHECK_INT (report_number (doc, NULL, "backwards"), ==, 0);
  PF_CHECK_INT (report_number (doc, "fec", "frames-lost"), ==, 0);
  PF_CHECK_INT (report_number (doc, "receiver", "audio"), >, 0);
  pf_test_note ("%lld frames, first after %lld ms",
      (long long) report_number (doc, NULL, "presented"),
      (long long) report_number (doc, NULL, "first-frame-ms"));
  pf_json_free (doc);
}

/* Picture, sound, another mode and another bitrate within three seconds. A host
 * that changes its user cannot be looked into for leaks: it begins as nobody. The
 * encoder is fast enough, also where a busy machine and a sanitizer say no. */
static void
test_session (void)
{
  const gchar *more[] = { "--codec", "h264", "--seconds", "3", "--remode",
    "240x160@15:1", "--rebitrate", "800:2", NULL };
  Said said;
  Host h;

  host_make_place (&h);
  host_spawn_as_nobody (&h);
  host_end (&h);
  PF_REQUIRE (host_set_speed (
      &h, "encode-x264", "640x360@99.0 1280x720@30.0 1920x1080@12.0"));
  host_spawn_as_nobody (&h);
  for (guint i = 0; i < 2; i++) {
    said = client_run_with (&h, "320x180@15", more);
    pf_test_note ("%s", said.err);
    PF_CHECK_INT (said.status, ==, 0);
    PF_CHECK (strstr (said.err, "Sanitizer") == NULL);
    PF_CHECK (strstr (said.out, "\"accepted\":true") != NULL);
    check_report (said.out);
    said_clear (&said);
  }
  host_stop (&h);
}

int
main (int argc, char **argv)
{
  PF_TEST_ADD ("/whole/session", test_session);
  return pf_test_run (argc, argv);
}
