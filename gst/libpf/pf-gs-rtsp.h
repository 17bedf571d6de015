/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * GameStream's RTSP: one request for each TCP connection, answered and closed.
 * With rtspenc:// each message is sealed as a whole (pf-gs-rtsp-seal.h).
 *
 * Thread-safety: all of these are pure functions.
 */
#ifndef PF_GS_RTSP_H
#define PF_GS_RTSP_H

#include "pf-gs-text.h"

#define PF_GS_RTSP_SIZE_MAX 16384 /* of a whole message, payload too */
#define PF_GS_RTSP_HEAD_MAX 4096  /* up to the empty line */
#define PF_GS_RTSP_HEADERS_MAX 32
/* What a client waits for, and a host for a request. */
#define PF_GS_RTSP_WAIT_MS 15000

typedef enum {
  PF_GS_RTSP_OPTIONS = 1,
  PF_GS_RTSP_DESCRIBE,
  PF_GS_RTSP_SETUP,
  PF_GS_RTSP_ANNOUNCE,
  PF_GS_RTSP_PLAY,
  PF_GS_RTSP_OTHER,
} PfGsRtspMethod;

typedef struct {
  PfGsText name, value;
} PfGsRtspHeader;

/* A request or an answer; texts point into what was parsed. */
typedef struct {
  PfGsRtspMethod method;
  PfGsText target;
  uint32_t status; /* of an answer */
  uint32_t cseq;
  unsigned n_headers;
  PfGsRtspHeader headers[PF_GS_RTSP_HEADERS_MAX];
  PfGsText payload;
} PfGsRtspMessage;

/*
 * How many bytes the request has; 0 if it is not all there yet. It has a CSeq
 * and, if there is a payload, its length.
 * Errors: PF_ERR_INVALID, PF_ERR_RANGE (longer than any limit).
 */
int pf_gs_rtsp_request_parse (
    const char *bytes, size_t size, PfGsRtspMessage *request);

/* A whole answer: its payload reaches to the end. Errors: as above. */
int pf_gs_rtsp_response_parse (
    const char *bytes, size_t size, PfGsRtspMessage *response);

/* Names without regard to case. False: there is none. */
bool pf_gs_rtsp_header (
    const PfGsRtspMessage *message, const char *name, PfGsText *value);

const char *pf_gs_rtsp_method_name (PfGsRtspMethod method);
/* "OK" and the like; never empty, since clients cannot read that. */
const char *pf_gs_rtsp_status_text (unsigned status);

/* First line and CSeq, which clients need to read an answer at all. */
void pf_gs_rtsp_put_response (
    PfGsWriter *writer, unsigned status, uint32_t cseq);
void pf_gs_rtsp_put_request (
    PfGsWriter *writer, PfGsRtspMethod method, const char *target);
void pf_gs_rtsp_put_header (
    PfGsWriter *writer, const char *name, const char *value);
void pf_gs_rtsp_put_header_uint (
    PfGsWriter *writer, const char *name, uint32_t value);
void pf_gs_rtsp_put_payload (PfGsWriter *writer, PfGsText payload);

#endif /* PF_GS_RTSP_H */
