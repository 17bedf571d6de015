/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* For a build without Avahi's library. */
#include "discover.h"

#include "pf-conf.h"

GPtrArray *
pf_discover (guint seconds, GError **error)
{
  (void) seconds;
  g_set_error (error, PF_LAUNCH_ERROR, PF_LAUNCH_ERROR_FILE,
      "this build cannot look for hosts; connect by address instead");
  return NULL;
}
