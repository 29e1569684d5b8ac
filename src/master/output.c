// SPDX-License-Identifier: Apache-2.0
// Output of the master: replies, streams, records, log lines, each with the sequence number of the state it saw.
#include "master/engine.h"

#include <stdarg.h>
#include <stdio.h>

#include "codec/recordio.h"

void outputs_move(struct outputs *to, struct outputs *from) {
    VEC_EACH (o, &from->list) vec_push(&to->list, *o);
    VEC_EACH (j, &from->journal) vec_push(&to->journal, *j);
    vec_done(&from->list);
    vec_done(&from->journal);
}

static struct output *output_add(struct master *m, struct outputs *out, enum output_kind kind, uint64_t target) {
    struct output *o = vec_add(&out->list);
    o->kind = kind;
    o->target = target;
    o->after = m->state->seq;
    return o;
}

void out_reply(struct master *m, struct outputs *out, uint64_t exchange, int status, const char *type, const void *body,
               size_t size) {
    struct output *o = output_add(m, out, OUTPUT_REPLY, exchange);
    o->status = status;
    o->content_type = type;
    o->body = mem_copy(body, size);
    o->size = size;
    m->counters.requests++;
    if (status >= 400) m->counters.refused++;
}

void out_plain_error(struct master *m, struct outputs *out, uint64_t exchange, int status, const char *sentence) {
    out_reply(m, out, exchange, status, "text/plain; charset=utf-8", sentence, strlen(sentence));
}

void out_stream_open(struct master *m, struct outputs *out, uint64_t exchange, const char *type, const char *header,
                     const char *value) {
    struct output *o = output_add(m, out, OUTPUT_STREAM_OPEN, exchange);
    o->status = 200;
    o->content_type = type;
    o->header.name = header;
    o->body = mem_text(value ? value : "");
    o->header.value = o->body; // lives as long as the output
    o->size = 0;
    m->counters.requests++;
}

void out_bytes(struct master *m, struct outputs *out, uint64_t stream, const void *bytes, size_t size) {
    struct output *o = output_add(m, out, OUTPUT_STREAM_WRITE, stream);
    o->body = mem_copy(bytes, size);
    o->size = size;
}

void out_record(struct master *m, struct outputs *out, uint64_t stream, const void *bytes, size_t size) {
    struct text record = {0};
    recordio_add(&record, bytes, size);
    struct output *o = output_add(m, out, OUTPUT_STREAM_WRITE, stream);
    o->size = record.size;
    o->body = text_take(&record);
}

void out_stream_end(struct master *m, struct outputs *out, uint64_t stream) {
    output_add(m, out, OUTPUT_STREAM_END, stream);
}

void out_log(struct master *m, struct outputs *out, const char *format, ...) {
    va_list args;
    va_start(args, format);
    char *text = NULL;
    must(vasprintf(&text, format, args) >= 0);
    va_end(args);
    struct output *o = output_add(m, out, OUTPUT_LOG, 0);
    o->after = 0; // a log line tells what was decided, durable or not
    o->body = text;
    o->size = strlen(text);
}
