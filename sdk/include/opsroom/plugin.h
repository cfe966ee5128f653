/* The whole binary contract between a host and a tool plugin.
 *
 * Plain C11. No C++ type, no exception, no FILE*, no allocator crosses this border.
 * What MCP may still grow (schemas, annotations, content kinds) travels as UTF-8 JSON, so
 * this file changes only when the *calling convention* changes.
 *
 * Lifetime  An opsroom_text is BORROWED: good until the call it was handed to returns. Whoever
 *           wants to keep the bytes copies them; nothing is ever freed across the border.
 * Threads   [setup] one thread at a time, never beside a [call]
 *           [call]  a thread lent by the host for one invocation; two of them overlap on one
 *                   instance only when OPSROOM_CONCURRENT is set
 *           [any]   every thread, until the invocation it belongs to has returned
 * Failure   Nothing throws. A tool that failed at its work answers OPSROOM_OK with
 *           "isError": true (MCP's rule); any other status means the call itself broke.
 * Growth    Fields are only appended; a reader checks struct_size before touching one newer
 *           than 1.0. A changed meaning takes a new major, and with it a new entry symbol.
 */
#ifndef OPSROOM_PLUGIN_H
#define OPSROOM_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#define OPSROOM_ABI_MAJOR 1u
#define OPSROOM_ABI_MINOR 0u
#define OPSROOM_ENTRY "opsroom_plugin_v1"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct opsroom_text {
  const char* data; /* UTF-8 (or raw bytes, for artifacts); no trailing NUL promised */
  size_t size;
} opsroom_text;

/* int32_t and not an enum type: how wide an enum is depends on compiler flags. */
typedef int32_t opsroom_status;
enum {
  OPSROOM_OK = 0,            /* result() was called once                                    */
  OPSROOM_CANCELLED = 1,     /* the tool saw the cancel and left early                      */
  OPSROOM_UNKNOWN_TOOL = 2,  /* not in this plugin's manifest                               */
  OPSROOM_BAD_ARGUMENTS = 3, /* do not fit inputSchema; result() may have said which and why */
  OPSROOM_BROKEN = 4,        /* the plugin can't be trusted any more: retire it             */
  OPSROOM_INPUT_REQUIRED = 5 /* need_input() was called once; invoke again with the answers */
};
enum { OPSROOM_DEBUG = 0, OPSROOM_INFO = 1, OPSROOM_WARNING = 2, OPSROOM_ERROR = 3 };

/* What the host lends for ONE invocation. Every function is [any]. */
typedef struct opsroom_call {
  uint32_t struct_size;
  int32_t cancel_fd; /* readable once cancelled, for poll(); -1 when there is none; never read it */
  void* host;        /* first argument of every function below                                    */
  opsroom_text workdir; /* absolute path of the lane's checkout */
  /* JSON object: run, step, attempt, idempotencyKey, deadlineMs (Unix time in milliseconds at
   * which the host gives up), as far as the host knows them; and when a tool that asked for
   * input is entered again: inputResponses (MCP) and requestState (as need_input() gave it). */
  opsroom_text context;

  int32_t (*cancelled)(void* host); /* one atomic load; call it as often as you like */
  /* `logger` is "stdout" or "stderr" for a program's output, empty for the tool itself. The
   * message may hold many lines joined with "\n"; many lines a message is what keeps it cheap. */
  void (*log)(void* host, int32_t level, opsroom_text logger, opsroom_text message);
  void (*progress)(
      void* host, double done, double total, opsroom_text message
  ); /* total 0: unknown */
  opsroom_status (*artifact)(
      void* host, opsroom_text name, opsroom_text media_type, opsroom_text bytes
  );
  /* Ends the invocation in a durable question: hand in MCP inputRequests (a JSON object) and a
   * state of your own, then return OPSROOM_INPUT_REQUIRED at once. The host asks the people and
   * invokes again with their answers, maybe days later and in another process. */
  void (*need_input)(void* host, opsroom_text input_requests, opsroom_text state);
  /* An MCP CallToolResult. Exactly once before OPSROOM_OK; at most once, as the explanation,
   * before OPSROOM_BAD_ARGUMENTS or OPSROOM_BROKEN; never before another status. */
  void (*result)(void* host, opsroom_text call_tool_result);

  /* Powers added later, named like "artifact-file/1". NULL: this host lacks it. */
  const void* (*extension)(void* host, const char* id);
} opsroom_call;

enum { OPSROOM_CONCURRENT = 1 };

typedef struct opsroom_plugin {
  uint32_t struct_size;
  uint32_t abi_major;
  uint32_t abi_minor;
  uint32_t flags;
  const char* name; /* NUL-terminated, static */
  const char* version;

  /* [setup] {"tools":[...]}, as in MCP tools/list; bare names. Beside them, for a plugin that has
   * any: "resources", "resourceTemplates" and "prompts" (arrays, entries as in MCP's lists), and
   * "completions": true. These are served by invoke() under reserved tool names, never listed:
   *     "opsroom:resources/read"         arguments {"uri"}
   *     "opsroom:prompts/get"            arguments {"name", "arguments"?}
   *     "opsroom:completion/complete"    arguments {"ref", "argument", "context"?}
   * with the MCP request's params (without _meta, inputResponses and requestState) as arguments,
   * and result() takes the MCP result ({"contents"}, {"messages"}, {"completion"}). A resource or
   * prompt that does not exist, or arguments that do not fit it, are OPSROOM_BAD_ARGUMENTS with the
   * explanation in result() as text content; a failure at the work is OPSROOM_OK with
   * "isError": true and text content, as for a tool. Input may be asked for as in a tool. */
  opsroom_text (*manifest)(void);
  /* [setup] config: the operator's JSON object for this plugin. A plugin that can't start says
   * why on stderr and returns anything but OPSROOM_OK. */
  opsroom_status (*create)(opsroom_text config, void** instance);
  void (*destroy)(void* instance); /* [setup] */
  opsroom_status (*invoke)(
      void* instance, opsroom_text tool, opsroom_text arguments, const opsroom_call* call
  ); /* [call] */
} opsroom_plugin;

/* The one exported symbol. Data, not code: the host reads sizes and versions before it runs
 * a single plugin function; and the major is in the name, so v1 and v2 can share a library. */
#if defined(OPSROOM_PLUGIN_BUILD)
__attribute__((visibility("default"))) extern const opsroom_plugin opsroom_plugin_v1;
#endif

#ifdef __cplusplus
}
#endif
#endif
