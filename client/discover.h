/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Hosts that announce themselves in the local network. */
#ifndef PF_CLIENT_DISCOVER_H
#define PF_CLIENT_DISCOVER_H

#include <glib.h>

typedef struct {
  gchar *name;    /* of the instance, for people */
  gchar *address; /* with the scope where it needs one */
  guint port;
  gchar *fingerprint; /* may be NULL: it is a hint, no proof */
  gchar *id;          /* may be NULL */
  gboolean pairing;   /* the host wants devices to pair */
  gboolean contested; /* another one says it has this id, and is another */
} PfFound;

/* Listens for so long; PfFound, each host once. NULL with an error if there is
 * no Avahi daemon. */
GPtrArray *pf_discover (guint seconds, GError **error);

#endif /* PF_CLIENT_DISCOVER_H */
