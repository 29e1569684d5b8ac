// SPDX-License-Identifier: Apache-2.0
// The REST API as an OpenAPI 3.0 document: paths from the routes, schemas from the messages. Says nothing that is not there.
#include "master/rest.h"

#include "codec/json_schema.h"
#include "codec/json_write.h"
#include "granary_api.pb-c.h"

static const char about[] = "What Granary adds to the Mesos scheduler API. In requests sizes may also be text with a "
                            "unit (\"50GiB\"), durations "
                            "text (\"2m\"), and enum values written as in class files (\"single-writer\"). Of lists, "
                            "'limit' and 'after' give a "
                            "page: 'next_page' of an answer is the next 'after'.";

static void string_add(struct text *out, const char *text) {
    json_write_string(out, text, strlen(text));
}

// ---- one operation ----

// "GET v1/volumes/{name}" is "get_v1_volumes_name".
static void id_add(struct text *out, const struct route *r) {
    text_add(out, "\"operationId\":\"");
    for (const char *c = r->method; *c; c++) text_add_char(out, (char)(*c | 0x20));
    text_add_char(out, '_');
    for (const char *c = r->path; *c; c++)
        if (!strchr("{}", *c)) text_add_char(out, strchr("/.", *c) ? '_' : *c);
    text_add_char(out, '"');
}

static void parameter_add(struct text *out, const char *name, size_t size, const char *in, const char *schema,
                          bool first) {
    text_addf(out, "%s{\"name\":\"%.*s\",\"in\":\"%s\",\"required\":%s,\"schema\":{%s}}", first ? "" : ",", (int)size,
              name, in, strcmp(in, "path") == 0 ? "true" : "false", schema);
}

static void parameters_add(struct text *out, const struct route *r) {
    AUTO_TEXT struct text limit = {0};
    bool first = true;
    text_addf(&limit, "\"type\":\"integer\",\"minimum\":1,\"maximum\":%d", PAGE_MOST);
    text_add(out, ",\"parameters\":[");
    for (const char *at = strchr(r->path, '{'); at; at = strchr(at + 1, '{'), first = false)
        parameter_add(out, at + 1, strcspn(at + 1, "}"), "path", "\"type\":\"string\"", first);
    for (const char *at = r->query ? r->query : ""; *at; first = false) {
        size_t size = strcspn(at, " ");
        bool is_limit = size == strlen("limit") && strncmp(at, "limit", size) == 0;
        parameter_add(out, at, size, "query", is_limit ? limit.data : "\"type\":\"string\"", first);
        at += size + (at[size] == ' ');
    }
    text_add_char(out, ']');
}

static void json_content_add(struct text *out, const ProtobufCMessageDescriptor *type) {
    text_add(out, "\"content\":{\"application/json\":{\"schema\":");
    json_schema_reference(out, type);
    text_add(out, "}}");
}

static void answer_add(struct text *out, const struct route *r) {
    const struct route_answer *a = &r->answer;
    text_addf(out, ",\"responses\":{\"%d\":{\"description\":", a->status);
    string_add(out, r->help);
    if (a->type || a->media) text_add_char(out, ',');
    if (a->type) json_content_add(out, a->type);
    if (a->media) text_addf(out, "\"content\":{\"%s\":{}}", a->media);
    text_add_char(out, '}');
    if (a->type && strcmp(r->method, "DELETE") == 0)
        text_add(out, ",\"204\":{\"description\":\"nothing of it is left to show\"}");
    text_add(out, ",\"default\":{\"$ref\":\"#/components/responses/Error\"}}");
}

static void operation_add(struct text *out, const struct route *r) {
    text_add_char(out, '"');
    for (const char *c = r->method; *c; c++) text_add_char(out, (char)(*c | 0x20));
    text_add(out, "\":{");
    id_add(out, r);
    text_add(out, ",\"summary\":");
    string_add(out, r->help);
    parameters_add(out, r);
    if (r->body) {
        text_addf(out, ",\"requestBody\":{\"required\":%s,", json_schema_requires(r->body) ? "true" : "false");
        json_content_add(out, r->body);
        text_add_char(out, '}');
    }
    answer_add(out, r);
    text_add_char(out, '}');
}

// ---- the whole ----

static bool is_first_of_path(size_t route) {
    for (size_t i = 0; i < route; i++)
        if (strcmp(rest_routes[i].path, rest_routes[route].path) == 0) return false;
    return true;
}

static void paths_add(struct text *out) {
    for (size_t i = 0; i < rest_route_count; i++) {
        if (!is_first_of_path(i)) continue;
        text_addf(out, "%s\"/%s\":{", i ? "," : "", rest_routes[i].path);
        for (size_t k = i; k < rest_route_count; k++) {
            if (strcmp(rest_routes[k].path, rest_routes[i].path) != 0) continue;
            if (k > i) text_add_char(out, ',');
            operation_add(out, &rest_routes[k]);
        }
        text_add_char(out, '}');
    }
}

static void schemas_add(struct text *out) {
    struct message_types types = {0};
    for (size_t i = 0; i < rest_route_count; i++) json_schema_gather(&types, rest_routes[i].body);
    size_t taken = types.count;
    json_schema_gather(&types, &granary__error__descriptor);
    for (size_t i = 0; i < rest_route_count; i++) json_schema_gather(&types, rest_routes[i].answer.type);
    for (size_t i = 0; i < types.count; i++) {
        if (i) text_add_char(out, ',');
        string_add(out, types.at[i]->short_name);
        text_add_char(out, ':');
        json_schema_add(out, types.at[i], i < taken);
    }
    vec_done(&types);
}

HANDLER(rest_openapi) {
    (void)parts, (void)at;
    AUTO_TEXT struct text text = {0};
    text_add(&text, "{\"openapi\":\"3.0.3\",\"info\":{\"title\":\"Granary\",\"version\":");
    string_add(&text, m->version);
    text_add(&text, ",\"license\":{\"name\":\"Apache-2.0\"},\"description\":");
    string_add(&text, about);
    text_add(&text, "},\"paths\":{");
    paths_add(&text);
    text_add(&text, "},\"components\":{\"schemas\":{");
    schemas_add(&text);
    text_add(
        &text,
        "},\"responses\":{\"Error\":{\"description\":\"why not: the kind is for programs, the sentence for people\",");
    json_content_add(&text, &granary__error__descriptor);
    text_add(&text, "}}}}\n");
    out_reply(m, out, r->exchange, 200, "application/json", text.data, text.size);
}
