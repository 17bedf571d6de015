/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The socket of a session's video on the host; see pf-quic-data.h. */
#include "pf-quic-data.h"

#include <string.h>

#include "pf-peer.h"

#define SEND_BUFFER (4u << 20)
#define ROOM 2048 /* a punch has 8 bytes */

struct _PfQuicData {
  gint refs; /* atomic */
  PfQuicSession *session;
  PfSocket *socket; /* the sender's */
  PfSocket *heard;  /* the same, for the thread that hears */
  GThread *thread;
  gint stop; /* atomic */
  guint port;
  gboolean ipv4;
};

static gpointer
hear (gpointer user)
{
  PfQuicData *d = user;
  guint8 bytes[ROOM];

  while (!g_atomic_int_get (&d->stop)) {
    PfReceived r;
    const int ret = pf_socket_receive (d->heard, bytes, sizeof bytes, &r);

    if (ret > 0)
      pf_quic_session_punch (d->session, &r.from.at, bytes, r.size);
    else if (ret == 0)
      pf_socket_wait (d->heard, -1);
  }
  return NULL;
}

/* Our end of the QUIC connection with another port. IPv4 in the form of IPv6
 * becomes plain IPv4. */
static void
own_address (PfQuicData *d, guint port, PfAddress *address)
{
  PfPeerAddress own;
  PfQuicPath path;

  pf_quic_session_path (d->session, &path);
  pf_peer_from_socket (&path.local, &own);
  own.port = (guint16) port;
  d->ipv4 = pf_peer_address_is_v4 (&own);
  pf_peer_to_socket (&own, &address->at, &address->size);
}

static PfSocket *
bind_one (PfQuicData *d, guint first, guint last, GError **error)
{
  PfSocket *socket = NULL;
  PfAddress address;

  for (guint port = first; !socket && port <= MAX (first, last); port++) {
    g_clear_error (error);
    own_address (d, port, &address);
    socket = pf_socket_new (&address, error);
  }
  return socket;
}

PfQuicData *
pf_quic_data_new (
    PfQuicSession *session, guint first, guint last, GError **error)
{
  PfQuicData *d = g_new0 (PfQuicData, 1);
  PfAddress address;

  d->refs = 1;
  d->session = pf_quic_session_ref (session);
  d->socket = bind_one (d, first, last, error);
  if (!d->socket || !(d->heard = pf_socket_dup (d->socket))) {
    if (error && !*error)
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "no more sockets");
    pf_quic_data_unref (d);
    return NULL;
  }
  pf_socket_set_send_buffer (d->socket, SEND_BUFFER);
  pf_socket_local (d->socket, &address);
  d->port = pf_address_port (&address);
  d->thread = g_thread_try_new ("pf-quic-data", hear, d, error);
  if (!d->thread)
    g_clear_pointer (&d, pf_quic_data_unref);
  return d;
}

void
pf_quic_data_stop (PfQuicData *d)
{
  if (!d || !d->thread)
    return;
  g_atomic_int_set (&d->stop, 1);
  pf_socket_wake (d->heard);
  g_thread_join (d->thread);
  d->thread = NULL;
}

PfQuicData *
pf_quic_data_ref (PfQuicData *d)
{
  g_atomic_int_inc (&d->refs);
  return d;
}

void
pf_quic_data_unref (PfQuicData *d)
{
  if (!d || !g_atomic_int_dec_and_test (&d->refs))
    return;
  pf_quic_data_stop (d);
  pf_socket_free (d->heard);
  pf_socket_free (d->socket);
  pf_quic_session_unref (d->session);
  g_free (d);
}

guint
pf_quic_data_port (const PfQuicData *d)
{
  return d->port;
}

gboolean
pf_quic_data_is_ipv4 (const PfQuicData *d)
{
  return d->ipv4;
}

gboolean
pf_quic_data_has_room (const PfQuicData *d)
{
  return pf_socket_queued (d->socket) < SEND_BUFFER / 4;
}

void
pf_quic_data_send (PfQuicData *d, const PfAddress *to, GstMiniObject *object,
    guint first, guint n, PfSend *out)
{
  out->socket = d->socket;
  out->to = to;
  out->n_to = 1;
  pf_send_object (out, object, first, n);
}
