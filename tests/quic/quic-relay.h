/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A line between a client and a host on 127.0.0.1 that delays, drops and
 * swaps packets.
 *
 * Thread-safety: any thread.
 */
#ifndef QUIC_RELAY_H
#define QUIC_RELAY_H

#include <glib.h>

typedef enum { RELAY_PASS, RELAY_DROP, RELAY_LATER } RelayFate;

/* What becomes of packet number n (from 0 on) of its way. */
typedef RelayFate (*RelayFunc) (gboolean to_host, guint n);

typedef struct _QuicRelay QuicRelay;

/* Each way takes delay_ms, and RELAY_LATER 2 ms more; fate NULL: all pass. */
QuicRelay *quic_relay_new (guint host_port, guint delay_ms, RelayFunc fate);
void quic_relay_free (QuicRelay *relay);

/* That the client sends to. */
guint quic_relay_port (const QuicRelay *relay);

/* When the client's first packet came, on GLib's monotonic clock; 0: none did. */
gint64 quic_relay_first (QuicRelay *relay);

/* From now on the host sees the client at another port. */
void quic_relay_rebind (QuicRelay *relay);

/* Nothing passes any more. */
void quic_relay_cut (QuicRelay *relay);

#endif /* QUIC_RELAY_H */
