/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A client of GameStream, without elements: RTSP, ENet, pings, and media back
 * from their packets, with the halves of libpf that are a client's. It does in
 * order what stock clients do.
 *
 *   gs_client_load (&config, "session.gs");
 *   c = gs_client_new (&config);
 *   status = gs_client_shake (c, PF_GS_STEP_DONE);
 *   gs_client_start (c);
 *   ...
 *   gs_client_free (c);
 *
 * Thread-safety: one thread; the functions of the config are called in one of
 * the client's own.
 */
#ifndef GS_CLIENT_H
#define GS_CLIENT_H

#include <glib.h>

#include "pf-enet.h"
#include "pf-gs-audio.h"
#include "pf-gs-control.h"
#include "pf-gs-handshake.h"
#include "pf-gs-input.h"
#include "pf-gs-rtsp-seal.h"
#include "pf-reassembler.h"

typedef struct GsClient GsClient;

typedef struct {
  const char *host;  /* address of the host; also to bind to its family */
  const char *local; /* own address; NULL: any */
  unsigned rtsp_port;
  bool sealed_rtsp;
  uint8_t key[PF_GS_KEY_SIZE];
  uint32_t key_id;
  PfGsAnnounce announce;
  unsigned deadline_ms; /* for a frame to be whole; 0: 60 */
  bool rfi;             /* says which frames are lost, instead of asking */
  unsigned drop_ppm;    /* of media packets, after they came */
  uint32_t drop_seed;

  void (*video) (GsClient *client, const PfEvent *event, void *user);
  void (*audio) (GsClient *client, const PfGsAudioEvent *event, void *user);
  void (*message) (GsClient *client, const PfGsMsg *msg, void *user);
  void *user;
} GsClientConfig;

typedef struct {
  uint64_t packets, bytes; /* of video, that came */
  uint64_t not_authentic;  /* of video or control */
  uint64_t audio_packets;
  uint64_t frames, frames_lost, frames_restored;
  uint64_t audio, audio_lost, audio_restored;
  uint64_t idr_requests, rfis;
  uint64_t messages; /* of control, from the host */
  /* of video as it was sent, before packets are dropped */
  uint64_t data_packets, parity_packets;
  double expected_lost, variance; /* frames, after what drop_ppm says */
  uint64_t beyond; /* frames of which more was dropped than parity restores */
  uint64_t latency_us;  /* of the host, as frames said, in all */
  uint32_t first_frame; /* number of the first one; 0: none */
  uint64_t first_video_ns, first_audio_ns; /* since start; 0: none */
  bool connected, closed;
  PfEnetReason reason; /* if it is closed */
} GsClientStats;

/* What a session file says; announce is filled with 1280x720 at 60. FALSE: it
 * cannot be read. */
bool gs_client_load (GsClientConfig *config, const char *path);

/* Waits for a file in a directory that is watched since before it was put in
 * place; a descriptor, to be closed, or -1. */
int gs_client_watch (const char *directory);
bool gs_client_wait_file (int watch, const char *path, unsigned ms);

/* 1280x720 at 60, H.264, stereo, all encrypted. */
void gs_client_announce_usual (PfGsAnnounce *announce);

GsClient *gs_client_new (const GsClientConfig *config);

/* What the host said so far. */
PfGsClientHandshake *gs_client_handshake (GsClient *client);

/* Asks until the step before this one is done: 200, or another status, or 0
 * without an answer. */
unsigned gs_client_shake (GsClient *client, PfGsStep until);

/* A TCP connection to the RTSP port, or -1; and what comes back for some bytes,
 * at most MS long: how many. */
int gs_client_dial (const GsClientConfig *config);
size_t gs_client_exchange (
    int fd, const void *bytes, size_t size, void *answer, size_t room, int ms);

/* Pings and control; only some of it for who is to be missed. */
enum { GS_CONTROL = 1, GS_VIDEO = 2, GS_AUDIO = 4, GS_ALL = 7 };
void gs_client_start (GsClient *client, unsigned what);

/* Waits until ENet is connected. */
bool gs_client_wait_connected (GsClient *client, unsigned ms);
/* Waits until the host is gone. */
bool gs_client_wait_closed (GsClient *client, unsigned ms);
bool gs_client_wait_frames (GsClient *client, uint64_t n, unsigned ms);
bool gs_client_wait_audio (GsClient *client, uint64_t n, unsigned ms);

bool gs_client_send (GsClient *client, const PfGsMsg *msg);
bool gs_client_send_input (GsClient *client, const PfGsInput *input);
/* Any bytes on a channel, sealed or not by the caller. */
bool gs_client_send_raw (
    GsClient *client, unsigned channel, const void *bytes, size_t size);

/* Nothing is sent any more, as if the cable were pulled. */
void gs_client_mute (GsClient *client);

/* Other sockets for media: as behind a NAT that forgot. */
bool gs_client_move (GsClient *client);

void gs_client_stats (GsClient *client, GsClientStats *stats);

/* Says goodbye and ends the thread. */
void gs_client_stop (GsClient *client);
void gs_client_free (GsClient *client);

#endif /* GS_CLIENT_H */
