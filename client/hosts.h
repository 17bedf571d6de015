/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The hosts that this device knows, and by which fingerprint: client-known-
 * hosts.json. A host whose fingerprint changed is not that host.
 */
#ifndef PF_CLIENT_HOSTS_H
#define PF_CLIENT_HOSTS_H

#include <glib.h>

/* The directory of this device's certificate, key and hosts. */
gchar *pf_hosts_dir (const gchar *identity_dir);

/* The fingerprint of the host at this address, or NULL: with an error if the
 * file cannot be understood. */
gchar *pf_hosts_find (
    const gchar *dir, const gchar *address, guint port, GError **error);

/* FALSE if there is one with another fingerprint, or nothing was written. */
gboolean pf_hosts_add (const gchar *dir, const gchar *address, guint port,
    const gchar *fingerprint, GError **error);

/* FALSE if there is none, or nothing was written. */
gboolean pf_hosts_forget (
    const gchar *dir, const gchar *address, guint port, GError **error);

#endif /* PF_CLIENT_HOSTS_H */
