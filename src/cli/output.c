// SPDX-License-Identifier: Apache-2.0
// Values for people.
#include "cli/output.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/quantity.h"
#include "model/availability.h"
#include "codec/json_write.h"
#include "sys/clock.h"

const char *age_at(int64_t wall_ms, int64_t now_ms, struct arena *arena) {
    if (!wall_ms) return "-";
    long long seconds = now_ms > wall_ms ? (long long)(now_ms - wall_ms) / 1000 : 0;
    if (seconds < 60) return arena_format(arena, "%llds", seconds);
    if (seconds < 3600) return arena_format(arena, "%lldm", seconds / 60);
    if (seconds < 48 * 3600) return arena_format(arena, "%lldh", seconds / 3600);
    return arena_format(arena, "%lldd", seconds / 86400);
}

const char *show_age(int64_t wall_ms, struct arena *arena) {
    return age_at(wall_ms, clock_wall_ms(), arena);
}

static const char *time_text(int64_t wall_ms, const char *format, struct arena *arena) {
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm parts;
    char text[64];
    if (!wall_ms || !gmtime_r(&seconds, &parts) || !strftime(text, sizeof text, format, &parts)) return "-";
    return arena_text(arena, text);
}

const char *show_time(int64_t wall_ms, struct arena *arena) {
    return time_text(wall_ms, "%Y-%m-%d %H:%M:%SZ", arena);
}

const char *show_clock(int64_t wall_ms, struct arena *arena) {
    return time_text(wall_ms, "%H:%M:%SZ", arena);
}

const char *show_bytes(uint64_t bytes, struct arena *arena) {
    char text[QUANTITY_TEXT];
    return arena_text(arena, bytes_text((struct bytes){bytes}, text));
}

const char *show_rate(uint64_t bytes_per_second, struct arena *arena) {
    return arena_format(arena, "%s/s", show_bytes(bytes_per_second, arena));
}

const char *show_percent(double percent, struct arena *arena) {
    struct availability a;
    char text[AVAILABILITY_TEXT];
    struct err *e = availability_from_percent(percent, &a);
    err_free(e);
    return arena_text(arena, e ? "?" : availability_text(a, text));
}

const char *show_real(double value, struct arena *arena) {
    return arena_format(arena, "%.10g", value);
}

const char *show_tags(Granary__Tag *const *tags, size_t count, const char *tier, struct arena *arena) {
    AUTO_TEXT struct text out = {0};
    for (size_t i = 0; i < count; i++) {
        const Granary__Tag *tag = tags[i];
        if (tier && (!tag->tier || strcmp(tag->tier, tier) != 0)) continue;
        if (out.size) text_add_char(&out, ' ');
        text_add(&out, tag->key);
        if (tag->value && *tag->value) text_addf(&out, "=%s", tag->value);
    }
    return arena_text(arena, text_string(&out));
}

const char *show_list(char *const *items, size_t count, struct arena *arena) {
    AUTO_TEXT struct text out = {0};
    for (size_t i = 0; i < count; i++) text_addf(&out, "%s%s", i ? ", " : "", items[i]);
    return arena_text(arena, text_string(&out));
}

const char *show_mebibytes(double mebibytes, struct arena *arena) {
    return mebibytes >= 0 && mebibytes < 1e12 ? show_bytes((uint64_t)(mebibytes * (double)MIB), arena) : "?";
}

static void mebibytes_add(struct text *out, const char *name, double mebibytes, struct arena *arena) {
    text_addf(out, "%s%s %s", out->size ? ", " : "", name, show_mebibytes(mebibytes, arena));
}

const char *show_resources(const Granary__AgentResources *r, struct arena *arena) {
    if (!r) return "";
    AUTO_TEXT struct text out = {0};
    if (r->has_cpus) text_addf(&out, "cpus %s", show_real(r->cpus, arena));
    if (r->has_mem) mebibytes_add(&out, "mem", r->mem, arena);
    if (r->has_disk) mebibytes_add(&out, "disk", r->disk, arena);
    for (size_t i = 0; i < r->n_ports; i++) {
        text_add(&out, i ? " " : out.size ? ", ports " : "ports ");
        text_addf(&out, "%u", r->ports[i]->begin);
        if (r->ports[i]->end != r->ports[i]->begin) text_addf(&out, "-%u", r->ports[i]->end);
    }
    if (r->has_storage_bandwidth)
        text_addf(&out, "%sstorage %s", out.size ? ", " : "", show_rate(r->storage_bandwidth, arena));
    if (r->has_attach_slots) text_addf(&out, "%sslots %u", out.size ? ", " : "", r->attach_slots);
    for (size_t i = 0; i < r->n_buses; i++)
        text_addf(&out, "%sslots of %s %u", out.size ? ", " : "", r->buses[i]->drivers, r->buses[i]->slots);
    return arena_text(arena, text_string(&out));
}

const char *show_word(const ProtobufCEnumDescriptor *type, int value, struct arena *arena) {
    const ProtobufCEnumValue *v = protobuf_c_enum_descriptor_get_value(type, value);
    char *word = arena_text(arena, v ? v->name : "?");
    static const char *const prefixes[] = {"FORMAT_", "SCRIPT_"};
    for (size_t i = 0; i < ARRAY_LEN(prefixes); i++)
        if (text_starts(word, prefixes[i])) word += strlen(prefixes[i]);
    for (char *at = word; *at; at++) *at = *at == '_' ? '-' : (char)tolower((unsigned char)*at);
    return word;
}

void message_write(const ProtobufCMessage *message, struct text *out) {
    json_write(out, message, JSON_PUBLIC);
    text_add_char(out, '\n');
}
