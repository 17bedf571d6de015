/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Two ENet endpoints with a line between them, in virtual time: datagrams
 * take their time, and some are lost, doubled or overtaken.
 */
#ifndef ENET_LINE_H
#define ENET_LINE_H

#include "pf-enet.h"

enum { LINE_EVENTS_MAX = 16384, LINE_FLYING_MAX = 4096 };

typedef struct {
  PfEnetEventType type;
  uint64_t when;
  uint32_t data;
  PfEnetReason reason;
  unsigned n_channels, channel;
  size_t size;
  uint8_t *bytes;
} LineEvent;

typedef struct {
  PfEnet *enet;
  PfPeerAddress address;
  PfEnetPeer *peer;
  LineEvent events[LINE_EVENTS_MAX];
  size_t n_events;
} LineEnd;

typedef struct {
  bool used;
  unsigned to;
  uint64_t when, order;
  size_t size;
  uint8_t *bytes;
} LineFlight;

typedef struct {
  /* may be changed at any time */
  unsigned loss_percent, double_percent;
  uint64_t delay_ns, jitter_ns; /* jitter lets them overtake */
  bool cut;                     /* nothing passes */

  LineEnd ends[2]; /* host, client */
  uint64_t now, order;
  LineFlight flying[LINE_FLYING_MAX];
  uint64_t n_datagrams;
} Line;

enum { LINE_HOST, LINE_CLIENT, LINE_DATA = 0xfeedbeef };

/* Host and client, configurations as given (NULL: usual ones). */
void line_init (
    Line *line, const PfEnetConfig *host, const PfEnetConfig *client);
/* The host expects, the client connects; not yet run. */
void line_connect (Line *line, unsigned n_channels);
void line_clear (Line *line);

/* Lets time pass. */
void line_run (Line *line, uint64_t ns);

/* Forgets what happened. */
void line_forget (LineEnd *end);

size_t line_count (const LineEnd *end, PfEnetEventType type);
const LineEvent *line_last (const LineEnd *end, PfEnetEventType type);

#endif /* ENET_LINE_H */
