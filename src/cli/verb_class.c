// SPDX-License-Identifier: Apache-2.0
// granary class: reads the documents that operators write, and says what applying them changed.
#include <string.h>

#include "cli/output.h"
#include "cli/source.h"
#include "cli/verbs.h"
#include "codec/json_write.h"
#include "granary_api.pb-c.h"

static void class_path(struct text *path, const char *name) {
    text_add(path, "/v1/classes");
    path_add(path, name);
}

// ---- apply ----

// What the master holds under that name, NULL when nothing.
static struct err *class_now(struct call *c, const char *name, Granary__Class **ret_class) {
    AUTO_TEXT struct text path = {0};
    class_path(&path, name);
    void *message = NULL;
    struct err *e = client_get(c->client, path.data, &granary__class__descriptor, c->arena, &message);
    if (e && err_kind(e) != ERR_NOT_FOUND) return e;
    err_free(e);
    *ret_class = message;
    return NULL;
}

static struct err *class_put(struct call *c, Granary__Class *class) {
    Granary__Class *before;
    TRY(class_now(c, class->name, &before));
    AUTO_TEXT struct text path = {0};
    class_path(&path, class->name);
    void *after = NULL;
    TRY(client_ask(c->client, "PUT", path.data, &class->base, &granary__class__descriptor, c->arena, &after));
    if (call_json(c)) return NULL;
    const char *what = !before ? "created" : class_same(before, after) ? "unchanged" : "changed";
    text_addf(c->out, "class '%s' %s\n", class->name, what);
    return NULL;
}

static struct err *class_apply(struct call *c) {
    AUTO_TEXT struct text bytes = {0};
    const char *said;
    TRY(source_read(call_name(c, 0), &bytes, &said));
    struct class_list list = {0};
    // All are read before the first is sent: a slip in the last one changes nothing.
    struct err *e = err_wrap(classes_read(text_string(&bytes), bytes.size, c->arena, &list, NULL), "%s", said);
    for (size_t i = 0; !e && i < list.count; i++)
        e = err_wrap(class_put(c, list.at[i]), "class '%s'", list.at[i]->name);
    vec_done(&list);
    return e;
}

// ---- list, show, delete ----

static struct err *class_list_all(struct call *c) {
    void *message;
    TRY(client_list(c->client, "/v1/classes", &granary__class_list__descriptor, c->arena, &message));
    if (call_json(c)) return NULL;
    const Granary__ClassList *list = message;
    if (!list->n_classes) {
        text_add(c->out,
                 "No classes yet. Write one (examples/class-gold.yaml) and apply it: granary class apply FILE\n");
        return NULL;
    }
    AUTO_TABLE struct table t = {0};
    table_column(&t, "CLASS", TABLE_LEFT);
    table_column(&t, "LARGEST NOW", TABLE_RIGHT);
    table_column(&t, "FS", TABLE_LEFT);
    table_column(&t, "ACCESS", TABLE_LEFT);
    table_column(&t, "POOLS", TABLE_LEFT);
    table_column(&t, "DESCRIPTION", TABLE_LEFT);
    for (size_t i = 0; i < list->n_classes; i++) {
        const Granary__Class *class = list->classes[i];
        table_cell(&t, class->name);
        if (class->has_largest_grantable && class->largest_grantable)
            table_cell_bytes(&t, class->largest_grantable);
        else
            table_cell(&t, class->has_largest_grantable ? "nothing" : NULL);
        table_cell(&t, class->fs);
        table_cell(&t, show_word(&granary__access_mode__descriptor, (int)class->access, c->arena));
        table_cell(&t, class->pool && *class->pool ? class->pool : "all");
        table_cell(&t, class->description);
    }
    table_write(&t, c->out);
    return NULL;
}

static struct err *class_show(struct call *c) {
    AUTO_TEXT struct text path = {0};
    class_path(&path, call_name(c, 0));
    void *class;
    TRY(client_get(c->client, path.data, &granary__class__descriptor, c->arena, &class));
    if (!call_json(c)) class_write(class, c->out, c->arena);
    return NULL;
}

static struct err *class_delete(struct call *c) {
    AUTO_TEXT struct text path = {0};
    class_path(&path, call_name(c, 0));
    TRY(client_ask(c->client, "DELETE", path.data, NULL, NULL, c->arena, NULL));
    if (!c->json) text_addf(c->out, "class '%s' deleted\n", call_name(c, 0));
    return NULL;
}

static const struct action actions[] = {
    {"apply", "FILE|-", "makes or changes the classes of a YAML file", NULL, 1, 1, 0, class_apply,
     "The file holds one document per class, divided by '---'; '-' is standard input. Nothing is sent unless all of it "
     "can be\n"
     "read. What stands already is changed to what the document says, for volumes made from then on.\n"
     "A class may hold a script that chooses among the pools that fit: see examples/class-scripted.yaml.\n\n"
     "examples:\n"
     "  granary class apply examples/class-gold.yaml\n"
     "  printf 'name: scratch\\npool: media = ssd\\n' | granary class apply -"},
    {"list", "", "the classes, and the largest volume of each that can be granted now", NULL, 0, 0, ACTION_WATCH,
     class_list_all, "example:\n  granary class list"},
    {"show", "NAME", "one class as a document that can be applied again", NULL, 1, 1, 0, class_show,
     "example:\n  granary class show gold > gold.yaml"},
    {"delete", "NAME", "removes a class that nothing is of", NULL, 1, 1, 0, class_delete,
     "example:\n  granary class delete scratch"},
};
NOUN(class, actions);
