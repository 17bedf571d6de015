/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Announces the host in the local network (mDNS, by the Avahi daemon). Works
 * without it: tries again every few seconds, and says once how it stands.
 */
#ifndef PF_HOST_DISCOVERY_H
#define PF_HOST_DISCOVERY_H

#include <glib.h>

typedef struct _PfDiscovery PfDiscovery;

typedef struct {
  const gchar *fingerprint; /* 64 hexadecimal digits */
  gboolean open;            /* nobody need pair */
  guint port;
  guint gamestream; /* port of its HTTP; 0: it is off */
} PfAnnouncement;

PfDiscovery *pf_discovery_new (const PfAnnouncement *announcement);
void pf_discovery_free (PfDiscovery *discovery);

/* "announced as NAME", "waits for the Avahi daemon", ... */
const gchar *pf_discovery_state (const PfDiscovery *discovery);

#endif /* PF_HOST_DISCOVERY_H */
