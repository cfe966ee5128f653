/* The header is plain C11 and pedantically clean; compiling this file is the test. */
#include <opsroom/plugin.h>

_Static_assert(sizeof(opsroom_status) == 4, "a status crosses the border as 32 bits");
_Static_assert(OPSROOM_INPUT_REQUIRED == 5, "released numbers never change");

/* A translation unit must declare something that others may see. */
extern const size_t opsroom_plugin_size_in_c;
const size_t opsroom_plugin_size_in_c = sizeof(opsroom_plugin);
