/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Ports by name, and why one cannot be had. */
#ifndef PF_HOST_PORTS_H
#define PF_HOST_PORTS_H

#include <glib.h>

#define PF_HOST_DATA_PORTS "9778-9797"

/* Of media; first 0: any. */
typedef struct {
  guint first, last;
} PfPorts;

/* Reads "9778-9797", "9778" or "any". */
gboolean pf_ports_parse (const gchar *text, PfPorts *ports);

/* Binds the UDP port for a moment; TRUE if somebody else has it. ADDRESS: NULL
 * for every one. */
gboolean pf_port_is_taken (const gchar *address, guint port);

/* "NAME (process N)" of who has it; NULL if that cannot be read. */
gchar *pf_port_owner (guint port);

#endif /* PF_HOST_PORTS_H */
