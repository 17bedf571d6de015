/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What a port and its links have of one another. */
#ifndef PF_QUIC_PRIVATE_H
#define PF_QUIC_PRIVATE_H

#include "pf-quic-link.h"
#include "pf-quic-port.h"

G_BEGIN_DECLS

/* Packets of one message of the socket, all for one link. */
typedef struct {
  PfQuicPath path;
  gsize size;    /* of all */
  gsize segment; /* of each, the last may be shorter */
  guint8 bytes[];
} PfQuicMail;

/* With initial: a server's; its first packet comes by mail. Else a client's. */
PfQuicLink *pf_quic_link_new (PfQuicPort *port, PfSocket *socket,
    const PfQuicConfig *config, const PfQuicPath *path,
    const PfQuicInitial *initial, const PfQuicLinkFuncs *funcs, gpointer user);

/* Starts the thread, which holds a reference of its own. */
gboolean pf_quic_link_start (PfQuicLink *link, GError **error);

/* Takes over the mail; FALSE if there was no room. */
gboolean pf_quic_link_post (PfQuicLink *link, PfQuicMail *mail);

/* Whether it was made for a peer at this address. */
gboolean pf_quic_link_is_to (const PfQuicLink *link, const PfQuicPath *path);

/* No lingering after the close. */
void pf_quic_link_hurry (PfQuicLink *link);

/* ---- For the threads of links ------------------------------------------- */

gboolean pf_quic_port_add_cid (
    PfQuicPort *port, PfQuicLink *link, const guint8 *cid, gsize n);
void pf_quic_port_remove_cid (
    PfQuicPort *port, PfQuicLink *link, const guint8 *cid, gsize n);

/* The handshake is done, or will not be. */
void pf_quic_port_not_half_open (PfQuicPort *port);

/* A link's thread; the port waits for its end before it stops. */
void pf_quic_port_thread_begins (PfQuicPort *port);
void pf_quic_port_thread_ended (PfQuicPort *port);

/* Forgets the link with all its ids. */
void pf_quic_port_remove (PfQuicPort *port, PfQuicLink *link);

/* Answers an Initial packet by a Retry, through the link's socket. */
void pf_quic_port_send_retry (PfQuicPort *port, PfSocket *socket,
    const guint8 *packet, gsize size, const PfQuicPath *path);

void pf_quic_path_to_addresses (
    const PfQuicPath *path, PfAddress *local, PfAddress *remote);

G_END_DECLS

#endif /* PF_QUIC_PRIVATE_H */
