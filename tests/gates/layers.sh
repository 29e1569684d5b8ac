#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Gate: a folder under src includes only its own headers and those of the folders that LAYERS grants it.
# Usage: layers.sh SOURCE_ROOT. The public headers in include/granary are C types only: they may name nothing of src but base.
set -eu
cd "$1"

for folder in src/*/; do
    folder=$(basename "$folder")
    if ls "src/$folder"/*.[ch] >/dev/null 2>&1 && ! grep -q "^$folder:" LAYERS; then
        echo "src/$folder: not listed in LAYERS. Add a line that says which folders it may include."
        exit 1
    fi
done

find src include -name '*.[ch]' | LC_ALL=C sort | xargs awk '
    FILENAME == "LAYERS" {
        if (/^#/ || !NF) next
        folder = $1; sub(/:$/, "", folder); known[folder] = 1
        may[folder, folder] = 1
        for (i = 2; i <= NF; i++) {
            if (!($i in known)) { print "LAYERS:" FNR ": " folder " may include " $i ", which does not stand above it."; bad++ }
            may[folder, $i] = 1
        }
        next
    }
    FNR == 1 {
        split(FILENAME, part, "/")
        owner = part[1] == "include" ? "include" : part[2]
        may["include", "base"] = 1
    }
    /^[ \t]*#[ \t]*include[ \t]*"/ {
        split($0, quoted, "\""); split(quoted[2], part, "/")
        target = part[1]
        if (target in known && !((owner, target) in may)) {
            print FILENAME ":" FNR ": " owner " may not include " target "/ (" quoted[2] "). LAYERS says who may; turn the call around or move the code."
            bad++
        } else if (!index(quoted[2], "/") && target !~ /\.pb-c\.h$/) {
            print FILENAME ":" FNR ": write \"" owner "/" quoted[2] "\": headers are named with their folder."
            bad++
        }
    }
    END { exit bad > 0 }' LAYERS
