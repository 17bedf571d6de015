/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What desktops have in common; see desk.h. */
#include "desk.h"

#include "pf-test.h"

#include <signal.h>
#include <sys/prctl.h>

#define WAIT_S 30

void
desk_wait_for (const gchar *path)
{
  const gint64 end = g_get_monotonic_time () + WAIT_S * G_USEC_PER_SEC;

  while (!g_file_test (path, G_FILE_TEST_EXISTS)) {
    PF_REQUIRE (g_get_monotonic_time () < end);
    g_usleep (10000);
  }
}

void
desk_end (Desk *desk)
{
  if (!desk->process)
    return;
  g_subprocess_send_signal (desk->process, 15);
  PF_CHECK (g_subprocess_wait (desk->process, NULL, NULL));
  g_clear_object (&desk->process);
}

void
desk_end_with_us (gpointer nothing)
{
  (void) nothing;
  prctl (PR_SET_PDEATHSIG, SIGTERM);
}
