/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * GameStream's answers over HTTP: one element with a status, and elements in
 * it, without a blank between them, since some clients stumble over those.
 * HTTP itself always says 200.
 *
 * Thread-safety: all of these are pure functions.
 */
#ifndef PF_GS_XML_H
#define PF_GS_XML_H

#include "pf-gs-text.h"

/* MESSAGE is shown to users; NULL: none. */
void pf_gs_xml_begin (PfGsWriter *writer, unsigned status, const char *message);
void pf_gs_xml_end (PfGsWriter *writer);

/* Text is escaped; what XML cannot carry becomes '?'. NAME is written as it
 * is. */
void pf_gs_xml_text (PfGsWriter *writer, const char *name, const char *text);
void pf_gs_xml_uint (PfGsWriter *writer, const char *name, uint32_t value);

typedef struct {
  const char *hostname;  /* shown */
  const char *unique_id; /* of the host, for ever */
  const char *mac;       /* "aa:bb:cc:dd:ee:ff"; NULL: not told */
  const char *local_ip;  /* IPv4 of this connection; NULL: it is IPv6 */
  uint16_t https_port, http_port;
  uint32_t codecs; /* PF_GS_CODEC_*, not 0 */
  bool paired;     /* this client, over TLS */
  uint32_t app;    /* that runs; 0: none */
} PfGsServerInfo;

/* The answer to /serverinfo. Who is not paired is told nothing of what runs,
 * nor the MAC. */
void pf_gs_xml_server_info (PfGsWriter *writer, const PfGsServerInfo *info);

/* One of the elements of /applist; ID is not 0 and below 2^31. */
void pf_gs_xml_app (
    PfGsWriter *writer, uint32_t id, const char *title, bool hdr);

/* The answer to /launch and /resume. ADDRESS is the host's of this
 * connection; one of IPv6 gets its brackets. */
void pf_gs_xml_session (PfGsWriter *writer, bool resume, bool sealed,
    const char *address, uint16_t port);

#endif /* PF_GS_XML_H */
