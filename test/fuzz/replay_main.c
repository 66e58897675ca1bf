/* Runs a fuzz target over the files of a directory, its seeds, as a plain test. */
#include <dirent.h>
#include <limits.h>
#include <string.h>

#include "fuzz.h"

/* Each input has a heap block of exactly its size, so that a sanitizer sees one octet too many. */
static void replay(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file || fseek(file, 0, SEEK_END) != 0)
        goto broken;
    long size = ftell(file);
    if (size < 0 || fseek(file, 0, SEEK_SET) != 0)
        goto broken;
    uint8_t *data = malloc(size ? (size_t)size : 1);
    if (!data || fread(data, 1, (size_t)size, file) != (size_t)size)
        goto broken;
    fclose(file);
    LLVMFuzzerTestOneInput(data, (size_t)size);
    free(data);
    return;

broken:
    perror(path);
    exit(1);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: %s DIRECTORY\n", argv[0]);
        return 2;
    }
    DIR *directory = opendir(argv[1]);
    if (!directory) {
        perror(argv[1]);
        return 1;
    }
    int count = 0;
    for (struct dirent *entry; (entry = readdir(directory));) {
        char path[PATH_MAX];
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", argv[1], entry->d_name);
        replay(path);
        count++;
    }
    closedir(directory);
    printf("%d inputs\n", count);
    if (count == 0)
        fprintf(stderr, "%s: no inputs\n", argv[1]);
    return count == 0;
}
