// SPDX-License-Identifier: Apache-2.0
// The table of device kinds and its guarded door, and the context that says which row to use.
#include "host/device.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "host/device_kinds.h"

static const struct host_device_driver *const DRIVERS[] = {&device_loop, &device_directory, &device_block};

const struct host_device_driver *device_driver_find(const char *name) {
    for (size_t i = 0; i < ARRAY_LEN(DRIVERS); i++) {
        if (text_equal(DRIVERS[i]->name, name)) return DRIVERS[i];
    }
    return NULL;
}

const char *device_driver_names(void) {
    return "loop, directory, block";
}

struct err *device_attach(const char *name, const struct device_request *request, struct device *ret_device) {
    const struct host_device_driver *driver = device_driver_find(name);
    if (!driver)
        return err_new(ERR_UNSUPPORTED, "device kind '%s' is unknown here; known: %s", name, device_driver_names());
    if (!request->path || *request->path != '/')
        return err_new(ERR_INVALID, "device path '%s' is not absolute", request->path ? request->path : "");
    struct device d = {.driver = driver, .request = *request, .fd = -1, .loop = {.fd = -1}};
    struct err *failed = driver->attach(&d);
    if (!failed) failed = device_identity(&d);
    if (!failed) {
        *ret_device = d;
        return NULL;
    }
    err_free(device_detach(&d, 0));
    return err_wrap(failed, "attach %s %s", name, request->path);
}

struct err *device_identity(const struct device *d) {
    TRY(err_wrap(d->driver->identity(d), "identity of %s", d->request.path));
    if (d->request.size && d->driver->block && d->size != d->request.size)
        return err_new(ERR_CONFLICT, "%s has %llu bytes, expected were %llu: is it another device?", d->request.path,
                       (unsigned long long)d->size, (unsigned long long)d->request.size);
    return NULL;
}

struct err *device_resize(struct device *d, uint64_t size) {
    if (!d->driver->resize) return NULL; // its size is the storage's affair: the filesystem is asked to follow
    TRY(err_wrap(d->driver->resize(d, size), "grow %s", d->path));
    if (size && d->driver->block && d->size != size)
        return err_new(ERR_CONFLICT,
                       "grow %s: it has %llu bytes now, expected were %llu: was the volume grown at the storage?",
                       d->path, (unsigned long long)d->size, (unsigned long long)size);
    d->request.size = size;
    return NULL;
}

struct err *device_detach(struct device *d, int64_t ms) {
    if (!d->driver) return NULL;
    TRY(d->driver->detach(d, ms));
    free(mem_take(d->path));
    d->driver = NULL; // so that a second call, after a failed one, looks again
    return NULL;
}

struct err *device_context_parse(const char *text, struct device_context *ret_context) {
    json_error_t why;
    json_t *json = text ? json_loads(text, 0, &why) : NULL;
    if (!json) return err_new(ERR_INVALID, "the attach context is not JSON: %s", text ? why.text : "there is none");
    const char *device = json_string_value(json_object_get(json, "device"));
    const char *path = json_string_value(json_object_get(json, "path"));
    if (!path) path = json_string_value(json_object_get(json, "image"));
    struct err *failed = NULL;
    if (!device || !path) {
        failed = err_new(ERR_INVALID, "the attach context needs the texts \"device\" (%s) and \"path\" or \"image\"",
                         device_driver_names());
    } else {
        *ret_context = (struct device_context){.device = mem_text(device), .path = mem_text(path)};
        ret_context->serial = mem_text(json_string_value(json_object_get(json, "serial")));
        ret_context->sparse = json_is_true(json_object_get(json, "sparse"));
    }
    json_decref(json);
    return failed;
}

void device_context_done(struct device_context *c) {
    free(mem_take(c->device));
    free(mem_take(c->path));
    free(mem_take(c->serial));
}
