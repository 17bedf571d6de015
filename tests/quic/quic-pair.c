/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Two ends of QUIC in one process; see quic-pair.h. */
#include "quic-pair.h"

#include "pf-test.h"

/* ---- What an end was told ----------------------------------------------- */

void
quic_end_init (QuicEnd *e)
{
  memset (e, 0, sizeof *e);
  g_mutex_init (&e->lock);
  g_cond_init (&e->cond);
  e->received = g_byte_array_new ();
  e->datagrams =
      g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  e->consume = TRUE;
}

void
quic_end_clear (QuicEnd *e)
{
  g_clear_pointer (&e->link, pf_quic_link_unref);
  g_byte_array_unref (e->received);
  g_ptr_array_unref (e->datagrams);
  g_mutex_clear (&e->lock);
  g_cond_clear (&e->cond);
}

static void
on_ready (PfQuicLink *link, gpointer user)
{
  QuicEnd *e = user;

  g_mutex_lock (&e->lock);
  g_clear_pointer (&e->link, pf_quic_link_unref);
  e->link = pf_quic_link_ref (link);
  e->n_ready++;
  g_cond_broadcast (&e->cond);
  g_mutex_unlock (&e->lock);
}

static void
on_stream (
    PfQuicLink *link, gint64 id, GBytes *bytes, gboolean fin, gpointer user)
{
  QuicEnd *e = user;
  gboolean echo, consume;
  gsize n = 0;

  g_mutex_lock (&e->lock);
  if (bytes) {
    gconstpointer data = g_bytes_get_data (bytes, &n);

    g_byte_array_append (e->received, data, (guint) n);
  }
  e->stream = id;
  e->n_fins += fin;
  echo = e->echo;
  consume = e->consume;
  g_cond_broadcast (&e->cond);
  g_mutex_unlock (&e->lock);
  if (consume)
    pf_quic_link_consume (link, id, n);
  if (echo)
    pf_quic_link_send (link, id, bytes, fin);
}

static void
on_datagram (PfQuicLink *link, GBytes *bytes, gpointer user)
{
  QuicEnd *e = user;
  gboolean echo;

  g_mutex_lock (&e->lock);
  g_ptr_array_add (e->datagrams, g_bytes_ref (bytes));
  echo = e->echo;
  g_cond_broadcast (&e->cond);
  g_mutex_unlock (&e->lock);
  if (echo)
    pf_quic_link_send_datagram (
        link, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
}

static void
on_timer (PfQuicLink *link, gpointer user)
{
  QuicEnd *e = user;

  (void) link;
  g_mutex_lock (&e->lock);
  e->n_timers++;
  g_cond_broadcast (&e->cond);
  g_mutex_unlock (&e->lock);
}

static void
on_moved (PfQuicLink *link, gpointer user)
{
  QuicEnd *e = user;

  (void) link;
  g_mutex_lock (&e->lock);
  e->n_moved++;
  g_cond_broadcast (&e->cond);
  g_mutex_unlock (&e->lock);
}

static void
on_closed (PfQuicLink *link, const PfQuicEnd *end, gpointer user)
{
  QuicEnd *e = user;

  (void) link;
  g_mutex_lock (&e->lock);
  e->end = *end;
  e->n_closed++;
  g_cond_broadcast (&e->cond);
  g_mutex_unlock (&e->lock);
}

const PfQuicLinkFuncs quic_end_funcs = {
  .ready = on_ready,
  .stream = on_stream,
  .datagram = on_datagram,
  .timer = on_timer,
  .moved = on_moved,
  .closed = on_closed,
};

guint
quic_end_count (QuicEnd *e, const guint *counter)
{
  guint n;

  g_mutex_lock (&e->lock);
  n = *counter;
  g_mutex_unlock (&e->lock);
  return n;
}

guint
quic_end_received (QuicEnd *e)
{
  guint n;

  g_mutex_lock (&e->lock);
  n = e->received->len;
  g_mutex_unlock (&e->lock);
  return n;
}

gboolean
quic_end_wait_ms (QuicEnd *e, const guint *counter, guint least, guint ms)
{
  const gint64 until = g_get_monotonic_time () + (gint64) ms * 1000;
  gboolean ok;

  g_mutex_lock (&e->lock);
  while (*counter < least && g_cond_wait_until (&e->cond, &e->lock, until))
    ;
  ok = *counter >= least;
  g_mutex_unlock (&e->lock);
  return ok;
}

gboolean
quic_end_wait (QuicEnd *e, const guint *counter, guint least)
{
  return quic_end_wait_ms (e, counter, least, QUIC_WAIT_MS);
}

gboolean
quic_end_wait_bytes (QuicEnd *e, guint least)
{
  return quic_end_wait (e, &e->received->len, least);
}

gboolean
quic_end_wait_datagrams (QuicEnd *e, guint least)
{
  return quic_end_wait (e, &e->datagrams->len, least);
}

/* ---- Ends with a port --------------------------------------------------- */

static gchar *protocols[] = { (gchar *) "pkf1", NULL };

void
quic_host_init (QuicHost *h)
{
  memset (h, 0, sizeof *h);
  h->identity = pf_quic_identity_new (PF_QUIC_KEY_ECDSA, NULL);
  PF_REQUIRE (h->identity != NULL);
  pf_quic_config_init (&h->config);
  pf_quic_limits_init (&h->limits);
  h->config.tls.identity = pf_quic_identity_ref (h->identity);
  h->config.tls.alpn = g_strdupv (protocols);
  quic_end_init (&h->end);
}

void
quic_host_start (QuicHost *h, const gchar *address, guint port)
{
  GError *error = NULL;
  PfAddress local;

  h->port = pf_quic_port_new (address, port, &error);
  if (!h->port)
    pf_test_note ("%s", error->message);
  PF_REQUIRE (h->port != NULL);
  pf_quic_port_listen (
      h->port, &h->config, &h->limits, &quic_end_funcs, &h->end);
  pf_quic_port_local (h->port, &local);
  h->number = pf_address_port (&local);
}

void
quic_host_stop (QuicHost *h)
{
  g_clear_pointer (&h->port, pf_quic_port_free);
}

void
quic_host_clear (QuicHost *h)
{
  quic_host_stop (h);
  quic_end_clear (&h->end);
  pf_quic_config_clear (&h->config);
  pf_quic_identity_unref (h->identity);
}

void
quic_client_init (QuicClient *c, gboolean anonymous)
{
  memset (c, 0, sizeof *c);
  pf_quic_config_init (&c->config);
  if (!anonymous) {
    c->identity = pf_quic_identity_new (PF_QUIC_KEY_ECDSA, NULL);
    PF_REQUIRE (c->identity != NULL);
    c->config.tls.identity = pf_quic_identity_ref (c->identity);
  }
  c->config.tls.alpn = g_strdupv (protocols);
  c->config.tls.server_name = g_strdup ("punktfunk");
  quic_end_init (&c->end);
}

void
quic_client_connect (QuicClient *c, const gchar *address, guint port)
{
  GError *error = NULL;
  PfAddress to;

  PF_REQUIRE (pf_address_resolve (&to, address, port, AF_UNSPEC, NULL));
  c->port = pf_quic_port_new (
      to.at.ss_family == AF_INET6 ? "::" : "0.0.0.0", 0, &error);
  PF_REQUIRE (c->port != NULL);
  c->link = pf_quic_port_connect (
      c->port, &c->config, &to, &quic_end_funcs, &c->end, &error);
  PF_REQUIRE (c->link != NULL);
}

void
quic_client_clear (QuicClient *c)
{
  g_clear_pointer (&c->link, pf_quic_link_unref);
  g_clear_pointer (&c->port, pf_quic_port_free);
  quic_end_clear (&c->end);
  pf_quic_config_clear (&c->config);
  pf_quic_identity_unref (c->identity);
}

static guint pad; /* bytes; set before clients connect */

static int
on_pad_received (gnutls_session_t session, const guchar *bytes, size_t n)
{
  (void) session;
  (void) bytes;
  (void) n;
  return 0;
}

static int
on_pad_wanted (gnutls_session_t session, gnutls_buffer_t to)
{
  guint8 *zeros;

  (void) session;
  if (!pad)
    return 0;
  zeros = g_malloc0 (pad);
  gnutls_buffer_append_data (to, zeros, pad);
  g_free (zeros);
  return (int) pad;
}

static void
add_pad (PfQuicTls *tls)
{
  if (!tls->server)
    gnutls_session_ext_register (tls->session, "pad", 0xfa21, GNUTLS_EXT_TLS,
        on_pad_received, on_pad_wanted, NULL, NULL, NULL,
        GNUTLS_EXT_FLAG_CLIENT_HELLO | GNUTLS_EXT_FLAG_TLS);
}

void
quic_pad (guint n)
{
  pad = n;
  pf_quic_tls_made = add_pad;
}
