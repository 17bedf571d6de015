/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A client of GameStream; see gs-client.h. */
#define _GNU_SOURCE /* SOCK_CLOEXEC */
#include "gs-client.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pf-aead.h"

#define PING_NS (500 * PF_MS)
#define ALIVE_NS (100 * PF_MS)
#define GOODBYE_NS (1000 * PF_MS)
#define ROOM 65536

enum { CONTROL, VIDEO, AUDIO, N_SOCKETS };

struct GsClient {
  GsClientConfig config;
  PfGsClientHandshake handshake;
  PfGsRtspSeal *rtsp; /* NULL: plain */
  GThread *thread;
  int wake;
  unsigned what;

  GMutex lock;
  GCond cond;
  /* lock */
  int fds[N_SOCKETS];
  PfEnet *enet;
  PfEnetPeer *peer;
  PfGsControl *control;
  GsClientStats stats;
  bool muted, stop;
  uint64_t started_ns;

  /* the thread */
  PfReassembler *frames;
  PfAead *opener; /* NULL: plain video */
  uint64_t highest;
  PfWireConfig packets;
  struct {
    bool any;
    uint32_t frame, block;
    double whole;             /* chance of the blocks so far */
    uint32_t parity, dropped; /* of this block */
    bool beyond;              /* one of its blocks is */
  } sent;
  PfGsAudioReceiver *audio;
  uint32_t n_pings[N_SOCKETS];
  uint64_t ping_ns, alive_ns;
  uint64_t random;
};

static uint64_t
now_ns (void)
{
  return (uint64_t) g_get_monotonic_time () * 1000;
}

/* ---- What is known beforehand ------------------------------------------- */

void
gs_client_announce_usual (PfGsAnnounce *a)
{
  *a = (PfGsAnnounce){ .client_features =
                           PF_GS_CLIENT_FEC_STATUS | PF_GS_CLIENT_SESSION_ID,
    .encryption = PF_GS_ENC_ALL,
    .width = 1280,
    .height = 720,
    .fps = 60,
    .refresh_x100 = 6000,
    .packet_size = 1360,
    .initial_kbps = 8000,
    .peak_kbps = 8000,
    .min_kbps = 8000,
    .max_kbps = 8000,
    .configured_kbps = 10000,
    .general_flags = 135,
    .reliable_udp = 13,
    .min_fec_packets = 2,
    .slices = 1,
    .channels = 2,
    .channel_mask = 3,
    .audio_ms = 5 };
}

static bool
parse_hex (const char *text, uint8_t *to, size_t n)
{
  if (strlen (text) != 2 * n)
    return false;
  for (size_t i = 0; i < n; i++) {
    const int high = g_ascii_xdigit_value (text[2 * i]);
    const int low = g_ascii_xdigit_value (text[2 * i + 1]);

    if (high < 0 || low < 0)
      return false;
    to[i] = (uint8_t) (high << 4 | low);
  }
  return true;
}

bool
gs_client_load (GsClientConfig *config, const char *path)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autofree gchar *key = NULL, *scheme = NULL;

  if (!g_key_file_load_from_file (file, path, 0, NULL))
    return false;
  key = g_key_file_get_string (file, "session", "rikey", NULL);
  scheme = g_key_file_get_string (file, "session", "scheme", NULL);
  config->rtsp_port =
      (unsigned) g_key_file_get_integer (file, "session", "rtsp-port", NULL);
  config->key_id =
      (uint32_t) g_key_file_get_int64 (file, "session", "rikeyid", NULL);
  config->sealed_rtsp = g_strcmp0 (scheme, "rtspenc") == 0;
  gs_client_announce_usual (&config->announce);
  return key && config->rtsp_port > 0 &&
         parse_hex (key, config->key, sizeof config->key);
}

int
gs_client_watch (const char *directory)
{
  const int fd = inotify_init1 (IN_CLOEXEC | IN_NONBLOCK);

  if (fd >= 0 && inotify_add_watch (fd, directory, IN_MOVED_TO) < 0) {
    close (fd);
    return -1;
  }
  return fd;
}

bool
gs_client_wait_file (int watch, const char *path, unsigned ms)
{
  const gint64 end = g_get_monotonic_time () + (gint64) ms * 1000;
  char room[4096];

  for (;;) {
    struct pollfd p = { watch, POLLIN, 0 };
    const gint64 left = (end - g_get_monotonic_time ()) / 1000;

    if (left <= 0 || poll (&p, 1, (int) left) <= 0)
      return false;
    if (read (watch, room, sizeof room) > 0 &&
        g_file_test (path, G_FILE_TEST_EXISTS))
      return true;
  }
}

/* ---- Addresses ---------------------------------------------------------- */

static bool
resolve (const char *host, unsigned port, int type, struct sockaddr_storage *to,
    socklen_t *size)
{
  struct addrinfo hints = { .ai_socktype = type,
    .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV };
  struct addrinfo *found = NULL;
  char service[16];

  g_snprintf (service, sizeof service, "%u", port);
  if (getaddrinfo (host, service, &hints, &found) != 0)
    return false;
  memcpy (to, found->ai_addr, found->ai_addrlen);
  *size = found->ai_addrlen;
  freeaddrinfo (found);
  return true;
}

static void
to_peer (const struct sockaddr_storage *from, PfPeerAddress *to)
{
  if (from->ss_family == AF_INET6) {
    const struct sockaddr_in6 *a = (const void *) from;

    *to = pf_peer_address_v6 (
        a->sin6_addr.s6_addr, ntohs (a->sin6_port), a->sin6_scope_id);
  } else {
    const struct sockaddr_in *a = (const void *) from;

    *to = pf_peer_address_v4 (
        (const uint8_t *) &a->sin_addr, ntohs (a->sin_port));
  }
}

/* A socket that only hears the host's port. */
static int
open_udp (const GsClientConfig *config, unsigned port)
{
  struct sockaddr_storage to, own;
  socklen_t size, own_size;
  const int buffer = 4 << 20;
  int fd;

  if (!resolve (config->host, port, SOCK_DGRAM, &to, &size))
    return -1;
  fd = socket (to.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  setsockopt (fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
  if (config->local &&
      (!resolve (config->local, 0, SOCK_DGRAM, &own, &own_size) ||
          bind (fd, (struct sockaddr *) &own, own_size) < 0)) {
    close (fd);
    return -1;
  }
  if (connect (fd, (struct sockaddr *) &to, size) < 0) {
    close (fd);
    return -1;
  }
  return fd;
}

/* ---- RTSP --------------------------------------------------------------- */

int
gs_client_dial (const GsClientConfig *config)
{
  struct sockaddr_storage to, own;
  socklen_t size, own_size;
  int fd;

  if (!resolve (config->host, config->rtsp_port, SOCK_STREAM, &to, &size))
    return -1;
  fd = socket (to.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (config->local &&
      (!resolve (config->local, 0, SOCK_STREAM, &own, &own_size) ||
          bind (fd, (struct sockaddr *) &own, own_size) < 0)) {
    close (fd);
    return -1;
  }
  if (connect (fd, (struct sockaddr *) &to, size) < 0) {
    close (fd);
    return -1;
  }
  return fd;
}

size_t
gs_client_exchange (
    int fd, const void *bytes, size_t size, void *answer, size_t room, int ms)
{
  const gint64 end = g_get_monotonic_time () + (gint64) ms * 1000;
  size_t have = 0;

  if (send (fd, bytes, size, MSG_NOSIGNAL) != (ssize_t) size)
    return 0;
  while (have < room) {
    struct pollfd p = { .fd = fd, .events = POLLIN };
    const gint64 left = (end - g_get_monotonic_time ()) / 1000;
    ssize_t n;

    if (left <= 0 || poll (&p, 1, (int) left) <= 0)
      break;
    n = recv (fd, (char *) answer + have, room - have, 0);
    if (n <= 0)
      break;
    have += (size_t) n;
  }
  return have;
}

GsClient *
gs_client_new (const GsClientConfig *config)
{
  GsClient *c = g_new0 (GsClient, 1);
  g_autofree char *url = NULL;

  c->config = *config;
  url = g_strdup_printf (
      strchr (config->host, ':') ? "%s://[%s]:%u" : "%s://%s:%u",
      config->sealed_rtsp ? "rtspenc" : "rtsp", config->host,
      config->rtsp_port);
  for (int i = 0; i < N_SOCKETS; i++)
    c->fds[i] = -1;
  c->wake = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
  c->random = config->drop_seed * UINT64_C (0x9e3779b97f4a7c15) + 1;
  g_mutex_init (&c->lock);
  g_cond_init (&c->cond);
  if (pf_gs_client_handshake_init (&c->handshake, url, config->host) < 0)
    g_assert_not_reached ();
  c->handshake.announce = config->announce;
  if (config->sealed_rtsp &&
      pf_gs_rtsp_seal_new (false, config->key, &c->rtsp) < 0)
    g_assert_not_reached ();
  return c;
}

PfGsClientHandshake *
gs_client_handshake (GsClient *c)
{
  return &c->handshake;
}

/* One request and its answer: its status, or 0. */
static unsigned
ask (GsClient *c)
{
  static const int wait_ms = 15000;
  char plain[PF_GS_RTSP_SIZE_MAX];
  uint8_t wire[PF_GS_RTSP_SIZE_MAX + PF_GS_RTSP_SEAL_HEADER];
  PfGsWriter w = { .bytes = plain, .room = sizeof plain };
  const char *answer = (const char *) wire;
  unsigned status = 0;
  size_t size;
  int fd;

  pf_gs_client_handshake_request (&c->handshake, &w);
  size = w.size;
  if (c->rtsp) {
    if (pf_gs_rtsp_seal (c->rtsp, plain, w.size, wire, &size) < 0)
      return 0;
  } else {
    memcpy (wire, plain, size);
  }
  fd = gs_client_dial (&c->config);
  if (fd < 0)
    return 0;
  size = gs_client_exchange (fd, wire, size, wire, sizeof wire, wait_ms);
  close (fd);
  if (c->rtsp) {
    if (pf_gs_rtsp_open (c->rtsp, wire, size, plain, &size) < 0)
      return 0;
    answer = plain;
  }
  pf_gs_client_handshake_answer (&c->handshake, answer, size, &status);
  return status;
}

unsigned
gs_client_shake (GsClient *c, PfGsStep until)
{
  unsigned status = 200;

  while (c->handshake.step < until && status == 200) {
    const PfGsStep step = c->handshake.step;

    status = ask (c);
    if (status == 200 && c->handshake.step == step)
      return 0; /* it could not be read */
  }
  return status;
}

/* ---- Sending ------------------------------------------------------------ */

/* Call with lock. */
static bool
send_sealed (GsClient *c, unsigned channel, PfEnetKind kind, const PfGsMsg *m)
{
  uint8_t plain[PF_GS_MSG_MAX], sealed[PF_GS_CONTROL_MAX];
  size_t n;

  return c->peer && pf_gs_msg_encode (m, plain, sizeof plain, &n) == 0 &&
         pf_gs_control_seal (c->control, plain, n, sealed, &n) == 0 &&
         pf_enet_send (c->peer, channel, kind, sealed, n) == 0;
}

static void
kick (GsClient *c)
{
  const uint64_t one = 1;

  if (write (c->wake, &one, sizeof one) < 0)
    g_assert (errno == EAGAIN);
}

bool
gs_client_send (GsClient *c, const PfGsMsg *m)
{
  const unsigned channel = m->kind == PF_GS_MSG_IDR ||
                                   m->kind == PF_GS_MSG_RFI ||
                                   m->kind == PF_GS_MSG_LTR_ACK
                               ? PF_GS_CHANNEL_URGENT
                               : PF_GS_CHANNEL_GENERIC;
  bool ok;

  g_mutex_lock (&c->lock);
  ok = send_sealed (c, channel, PF_ENET_RELIABLE, m);
  g_mutex_unlock (&c->lock);
  kick (c);
  return ok;
}

bool
gs_client_send_input (GsClient *c, const PfGsInput *input)
{
  uint8_t bytes[PF_GS_INPUT_MAX];
  PfGsMsg m = { .kind = PF_GS_MSG_INPUT };
  size_t size;
  bool ok;

  if (pf_gs_input_encode (input, bytes, sizeof bytes, &size) < 0)
    return false;
  m.input = (PfMsgSpan){ bytes, size };
  g_mutex_lock (&c->lock);
  ok = send_sealed (c, pf_gs_input_channel (input), PF_ENET_RELIABLE, &m);
  g_mutex_unlock (&c->lock);
  kick (c);
  return ok;
}

bool
gs_client_send_raw (
    GsClient *c, unsigned channel, const void *bytes, size_t size)
{
  bool ok;

  g_mutex_lock (&c->lock);
  ok = c->peer &&
       pf_enet_send (c->peer, channel, PF_ENET_RELIABLE, bytes, size) == 0;
  g_mutex_unlock (&c->lock);
  kick (c);
  return ok;
}

/* As many as 500 ms bring. Call with lock. */
static void
ping (GsClient *c)
{
  uint8_t bytes[PF_GS_PING_PAYLOAD + 4];

  for (int i = VIDEO; i <= AUDIO; i++) {
    const uint32_t n = ++c->n_pings[i];

    if (!(c->what & (i == VIDEO ? GS_VIDEO : GS_AUDIO)) || c->muted)
      continue;
    memcpy (bytes, c->handshake.ping_payload, PF_GS_PING_PAYLOAD);
    for (int j = 0; j < 4; j++)
      bytes[PF_GS_PING_PAYLOAD + j] = (uint8_t) (n >> (24 - 8 * j));
    if (send (c->fds[i], bytes, sizeof bytes, MSG_NOSIGNAL) < 0)
      continue; /* nobody may be there yet */
  }
}

static void
ask_for (GsClient *c, const PfEvent *e)
{
  const PfGsMsg idr = { .kind = PF_GS_MSG_IDR };
  const PfGsMsg rfi = { .kind = PF_GS_MSG_RFI, .rfi = { e->first, e->last } };

  g_mutex_lock (&c->lock);
  if (send_sealed (c, PF_GS_CHANNEL_URGENT, PF_ENET_RELIABLE,
          c->config.rfi ? &rfi : &idr)) {
    c->stats.idr_requests += !c->config.rfi;
    c->stats.rfis += c->config.rfi;
  }
  g_mutex_unlock (&c->lock);
}

/* ---- Receiving ---------------------------------------------------------- */

/* A seeded line that loses packets. */
static bool
is_dropped (GsClient *c)
{
  c->random ^= c->random << 13;
  c->random ^= c->random >> 7;
  c->random ^= c->random << 17;
  return c->random % 1000000 < c->config.drop_ppm;
}

static void
take_frames (GsClient *c, uint64_t now)
{
  PfEvent e;

  while (pf_reassembler_next (c->frames, now, &e) > 0) {
    if (e.type == PF_EVENT_LOST)
      ask_for (c, &e);
    if (c->config.video)
      c->config.video (c, &e, c->config.user);
    g_mutex_lock (&c->lock);
    if (e.type == PF_EVENT_FRAME) {
      c->stats.frames++;
      c->stats.frames_restored += e.n_restored > 0;
      c->stats.latency_us += e.latency_us;
      if (!c->stats.first_frame) {
        c->stats.first_frame = e.first;
        c->stats.first_video_ns = now - c->started_ns;
      }
    } else if (e.type == PF_EVENT_LOST) {
      c->stats.frames_lost += e.last - e.first + 1;
    }
    g_cond_broadcast (&c->cond);
    g_mutex_unlock (&c->lock);
    if (e.type == PF_EVENT_FRAME)
      free (e.memory);
  }
}

/* Chance that more than m of k+m packets are lost. */
static double
chance_lost (uint32_t k, uint32_t m, double p)
{
  const uint32_t n = k + m;
  double one = 1, sum = 0; /* exactly i lost; up to m */

  for (uint32_t i = 0; i < n; i++)
    one *= 1 - p;
  for (uint32_t i = 0; i <= m; i++) {
    sum += one;
    one *= (double) (n - i) / (i + 1) * p / (1 - p);
  }
  return sum < 1 ? 1 - sum : 0;
}

/* Nothing is lost before this: each block is seen. */
static void
account (GsClient *c, const uint8_t *packet, size_t size)
{
  PfWireShard s;
  double lost;

  if (pf_wire_gamestream.parse (&c->packets, packet, size, &s) < 0 ||
      (c->sent.any && s.frame == c->sent.frame && s.block == c->sent.block))
    return;
  g_mutex_lock (&c->lock);
  c->sent.beyond |= c->sent.dropped > c->sent.parity;
  c->sent.parity = s.parity;
  c->sent.dropped = 0;
  if (c->sent.any && s.frame != c->sent.frame) {
    c->stats.beyond += c->sent.beyond;
    c->sent.beyond = false;
    lost = 1 - c->sent.whole;
    c->stats.expected_lost += lost;
    c->stats.variance += lost * (1 - lost);
  }
  if (!c->sent.any || s.frame != c->sent.frame)
    c->sent.whole = 1;
  c->sent.any = true;
  c->sent.frame = s.frame;
  c->sent.block = s.block;
  c->sent.whole *= 1 - chance_lost (s.data, s.parity, c->config.drop_ppm / 1e6);
  c->stats.data_packets += s.data;
  c->stats.parity_packets += s.parity;
  g_mutex_unlock (&c->lock);
}

static void
take_video (GsClient *c, uint8_t *bytes, size_t size, uint64_t now)
{
  static const PfNonceSource source = { .scheme = PF_NONCE_GAMESTREAM_VIDEO };
  PfWireSealed s;

  g_mutex_lock (&c->lock);
  c->stats.packets++;
  c->stats.bytes += size;
  g_mutex_unlock (&c->lock);
  if (c->opener) {
    PfAeadSpan span;

    if (pf_wire_gamestream.open (&source, c->highest, bytes, size, &s) < 0)
      return;
    span = (PfAeadSpan){ bytes + s.body, s.body_size };
    if (pf_aead_open (c->opener, s.nonce, bytes + s.aad, s.aad_size, &span, 1,
            bytes + s.tag, PF_WIRE_TAG_SIZE) < 0) {
      c->stats.not_authentic++;
      return;
    }
    bytes += s.body;
    size = s.body_size;
  }
  account (c, bytes, size);
  if (is_dropped (c)) {
    c->sent.dropped++;
    return;
  }
  pf_reassembler_push (c->frames, bytes, size, now);
}

static void
take_sound (GsClient *c, uint64_t now)
{
  PfGsAudioEvent e;

  while (pf_gs_audio_next (c->audio, now, &e) > 0) {
    if (c->config.audio)
      c->config.audio (c, &e, c->config.user);
    g_mutex_lock (&c->lock);
    if (e.n_lost > 0) {
      c->stats.audio_lost += e.n_lost;
    } else {
      if (!c->stats.first_audio_ns)
        c->stats.first_audio_ns = now - c->started_ns;
      c->stats.audio++;
      c->stats.audio_restored += e.restored;
    }
    g_cond_broadcast (&c->cond);
    g_mutex_unlock (&c->lock);
  }
}

/* Call with lock; the lock is given up while it is told. */
static void
take_message (GsClient *c, const PfEnetEvent *e)
{
  const uint8_t *plain;
  size_t size;
  PfGsMsg m;

  if (pf_gs_control_open (c->control, e->bytes, e->size, &plain, &size) < 0) {
    c->stats.not_authentic++;
    return;
  }
  if (pf_gs_msg_decode (plain, size, true, &m) < 0)
    return;
  c->stats.messages++;
  g_mutex_unlock (&c->lock);
  if (c->config.message)
    c->config.message (c, &m, c->config.user);
  g_mutex_lock (&c->lock);
  g_cond_broadcast (&c->cond);
}

/* Call with lock. */
static void
take_enet (GsClient *c, uint64_t now)
{
  static const PfGsMsg first = { .kind = PF_GS_MSG_IDR };
  static const PfGsMsg second = { .kind = PF_GS_MSG_START_B };
  PfEnetEvent e;

  while (pf_enet_event (c->enet, now, &e)) {
    if (e.type == PF_ENET_CONNECTED) {
      send_sealed (c, PF_GS_CHANNEL_GENERIC, PF_ENET_RELIABLE, &first);
      send_sealed (c, PF_GS_CHANNEL_GENERIC, PF_ENET_RELIABLE, &second);
      c->stats.connected = true;
    } else if (e.type == PF_ENET_MESSAGE) {
      take_message (c, &e);
      continue;
    } else {
      c->stats.closed = true;
      c->stats.reason = e.reason;
      pf_enet_forget (c->peer);
      c->peer = NULL;
    }
    g_cond_broadcast (&c->cond);
  }
}

/* Call with lock. */
static void
send_enet (GsClient *c, uint64_t now)
{
  PfEnetDatagram d;

  while (pf_enet_output (c->enet, now, &d))
    if (!c->muted && send (c->fds[CONTROL], d.bytes, d.size, MSG_NOSIGNAL) < 0)
      continue; /* it is sent again */
}

static void
receive (GsClient *c, int which, uint8_t *room)
{
  for (;;) {
    const ssize_t n = recv (c->fds[which], room, ROOM, 0);
    const uint64_t now = now_ns ();
    PfPeerAddress from;
    struct sockaddr_storage at;
    socklen_t size = sizeof at;

    if (n < 0)
      return;
    if (which == VIDEO) {
      take_video (c, room, (size_t) n, now);
      take_frames (c, now);
    } else if (which == AUDIO) {
      g_mutex_lock (&c->lock);
      c->stats.audio_packets++;
      g_mutex_unlock (&c->lock);
      if (!is_dropped (c))
        pf_gs_audio_push (c->audio, room, (size_t) n, now);
      take_sound (c, now);
    } else if (getpeername (c->fds[which], (struct sockaddr *) &at, &size) ==
               0) {
      to_peer (&at, &from);
      g_mutex_lock (&c->lock);
      pf_enet_input (c->enet, &from, room, (size_t) n, now);
      take_enet (c, now);
      g_mutex_unlock (&c->lock);
    }
  }
}

/* ---- The thread --------------------------------------------------------- */

/* Call with lock: what time brings about, and when it does next. */
static uint64_t
tick (GsClient *c, uint64_t now)
{
  static const PfGsMsg alive = { .kind = PF_GS_MSG_PING };
  uint64_t at;

  if (now >= c->ping_ns) {
    ping (c);
    c->ping_ns = now + PING_NS;
  }
  if (c->peer && c->stats.connected && now >= c->alive_ns) {
    send_sealed (c, PF_GS_CHANNEL_GENERIC, PF_ENET_RELIABLE, &alive);
    c->alive_ns = now + ALIVE_NS;
  }
  take_enet (c, now);
  send_enet (c, now);
  at = pf_earlier (c->ping_ns, pf_enet_wake (c->enet));
  if (c->peer && c->stats.connected)
    at = pf_earlier (at, c->alive_ns);
  at = pf_earlier (at, pf_reassembler_wake (c->frames));
  return pf_earlier (at, pf_gs_audio_wake (c->audio));
}

static gpointer
client_thread (gpointer data)
{
  GsClient *c = data;
  uint8_t *room = g_malloc (ROOM);
  uint64_t end = PF_NEVER;

  for (;;) {
    struct pollfd polls[N_SOCKETS + 1];
    uint64_t now = now_ns (), at, n;

    g_mutex_lock (&c->lock);
    if (c->stop && end == PF_NEVER) {
      end = now + GOODBYE_NS;
      if (c->peer)
        pf_enet_disconnect (c->peer, 0, now);
    }
    at = pf_earlier (tick (c, now), end);
    for (int i = 0; i < N_SOCKETS; i++)
      polls[i] = (struct pollfd){ c->fds[i], POLLIN, 0 };
    if (c->stop && (!c->peer || now >= end || c->muted)) {
      g_mutex_unlock (&c->lock);
      break;
    }
    g_mutex_unlock (&c->lock);
    polls[N_SOCKETS] = (struct pollfd){ c->wake, POLLIN, 0 };
    now = now_ns ();
    poll (polls, N_SOCKETS + 1,
        at <= now ? 0 : (int) MIN ((at - now) / PF_MS + 1, 1000));
    if (read (c->wake, &n, sizeof n) < 0)
      g_assert (errno == EAGAIN);
    for (int i = 0; i < N_SOCKETS; i++)
      if (polls[i].revents)
        receive (c, i, room);
    take_frames (c, now_ns ());
    take_sound (c, now_ns ());
  }
  g_free (room);
  return NULL;
}

/* What was agreed on. */
static void
make_receivers (GsClient *c)
{
  const PfGsAnnounce *a = &c->config.announce;
  const uint32_t enc = pf_gs_announce_encryption (a);
  const PfEnetConfig enet = { .max_peers = 1 };
  PfReassemblerConfig frames = { .wire = &pf_wire_gamestream,
    .packets = { .shard_payload = a->packet_size - 16,
        .scheme = PF_FEC_GF8,
        .percent = 20 },
    .deadline_ns = (c->config.deadline_ms ? c->config.deadline_ms : 60) * PF_MS,
    .budget = 64u << 20 };
  PfGsAudioConfig audio = { .packet_ms = a->audio_ms,
    .encrypted = (enc & PF_GS_ENC_AUDIO) != 0,
    .key_id = c->config.key_id };

  memcpy (audio.key, c->config.key, sizeof audio.key);
  frames.packets.max_frame = 4u << 20;
  c->packets = frames.packets;
  if (pf_wire_gamestream.check (&c->packets) < 0)
    g_error ("no such packets");
  if (pf_reassembler_new (&frames, &c->frames) < 0 ||
      pf_gs_audio_receiver_new (&audio, 0, &c->audio) < 0 ||
      pf_enet_new (&enet, &c->enet) < 0 ||
      pf_gs_control_new (false, (enc & PF_GS_ENC_CONTROL_V2) != 0,
          c->config.key, &c->control) < 0)
    g_error ("a receiver cannot be made");
  if ((enc & PF_GS_ENC_VIDEO) &&
      pf_aead_new (PF_AEAD_AES_128_GCM, PF_AEAD_OPEN, c->config.key,
          PF_GS_KEY_SIZE, &c->opener) < 0)
    g_error ("no cipher");
}

void
gs_client_start (GsClient *c, unsigned what)
{
  const unsigned ports[N_SOCKETS] = { c->handshake.control_port,
    c->handshake.video_port, c->handshake.audio_port };
  struct sockaddr_storage at;
  PfPeerAddress to;
  socklen_t size;

  make_receivers (c);
  c->what = what;
  c->started_ns = now_ns ();
  for (int i = 0; i < N_SOCKETS; i++) {
    c->fds[i] = open_udp (&c->config, ports[i]);
    if (c->fds[i] < 0)
      g_error ("no socket");
  }
  if ((what & GS_CONTROL) &&
      resolve (c->config.host, ports[CONTROL], SOCK_DGRAM, &at, &size)) {
    to_peer (&at, &to);
    if (pf_enet_connect (c->enet, &to, PF_GS_N_CHANNELS,
            c->handshake.connect_data, g_random_int (), now_ns (),
            &c->peer) < 0)
      g_error ("ENet");
  }
  c->thread = g_thread_new ("gs-client", client_thread, c);
}

/* ---- From outside ------------------------------------------------------- */

typedef bool (*Condition) (const GsClientStats *stats, uint64_t n);

static bool
wait_for (GsClient *c, Condition is, uint64_t n, unsigned ms)
{
  const gint64 end = g_get_monotonic_time () + (gint64) ms * 1000;
  bool ok;

  g_mutex_lock (&c->lock);
  while (
      !(ok = is (&c->stats, n)) && g_cond_wait_until (&c->cond, &c->lock, end))
    ;
  g_mutex_unlock (&c->lock);
  return ok;
}

static bool
is_connected (const GsClientStats *s, uint64_t n)
{
  (void) n;
  return s->connected;
}

static bool
is_closed (const GsClientStats *s, uint64_t n)
{
  (void) n;
  return s->closed;
}

static bool
has_frames (const GsClientStats *s, uint64_t n)
{
  return s->frames >= n;
}

static bool
has_audio (const GsClientStats *s, uint64_t n)
{
  return s->audio >= n;
}

bool
gs_client_wait_connected (GsClient *c, unsigned ms)
{
  return wait_for (c, is_connected, 0, ms);
}

bool
gs_client_wait_closed (GsClient *c, unsigned ms)
{
  return wait_for (c, is_closed, 0, ms);
}

bool
gs_client_wait_frames (GsClient *c, uint64_t n, unsigned ms)
{
  return wait_for (c, has_frames, n, ms);
}

bool
gs_client_wait_audio (GsClient *c, uint64_t n, unsigned ms)
{
  return wait_for (c, has_audio, n, ms);
}

void
gs_client_mute (GsClient *c)
{
  g_mutex_lock (&c->lock);
  c->muted = true;
  g_mutex_unlock (&c->lock);
}

bool
gs_client_move (GsClient *c)
{
  const int video = open_udp (&c->config, c->handshake.video_port);
  const int audio = open_udp (&c->config, c->handshake.audio_port);

  if (video < 0 || audio < 0)
    return false;
  g_mutex_lock (&c->lock);
  /* the thread may be in poll() with the old ones: the numbers stay */
  dup3 (video, c->fds[VIDEO], O_CLOEXEC);
  dup3 (audio, c->fds[AUDIO], O_CLOEXEC);
  c->ping_ns = 0;
  g_mutex_unlock (&c->lock);
  close (video);
  close (audio);
  kick (c);
  return true;
}

void
gs_client_stats (GsClient *c, GsClientStats *stats)
{
  g_mutex_lock (&c->lock);
  *stats = c->stats;
  g_mutex_unlock (&c->lock);
}

void
gs_client_stop (GsClient *c)
{
  if (!c->thread)
    return;
  g_mutex_lock (&c->lock);
  c->stop = true;
  g_mutex_unlock (&c->lock);
  kick (c);
  g_thread_join (c->thread);
  c->thread = NULL;
}

void
gs_client_free (GsClient *c)
{
  if (!c)
    return;
  gs_client_stop (c);
  for (int i = 0; i < N_SOCKETS; i++)
    if (c->fds[i] >= 0)
      close (c->fds[i]);
  close (c->wake);
  pf_gs_rtsp_seal_free (c->rtsp);
  pf_gs_control_free (c->control);
  pf_enet_free (c->enet);
  pf_reassembler_free (c->frames);
  pf_aead_free (c->opener);
  pf_gs_audio_receiver_free (c->audio);
  g_mutex_clear (&c->lock);
  g_cond_clear (&c->cond);
  g_free (c);
}
