/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* For a build without Avahi's library: never announced. */
#include "discovery.h"

PfDiscovery *
pf_discovery_new (const PfAnnouncement *announcement)
{
  (void) announcement;
  return NULL;
}

void
pf_discovery_free (PfDiscovery *discovery)
{
  (void) discovery;
}

const gchar *
pf_discovery_state (const PfDiscovery *discovery)
{
  (void) discovery;
  return "not in this build";
}
