/* Powers a host may lend beyond plugin.h, asked for by name:
 *
 *     const opsroom_secrets* secrets = call->extension(call->host, OPSROOM_EXT_SECRETS);
 *     if (secrets != NULL) secrets->get(call->host, name);
 *
 * A host that lacks one answers NULL, and a tool then takes another way. The table is the host's
 * and static; its functions take the call's `host` first and are good until the invocation has
 * returned. A table never changes: more functions mean a new name, "secret/2".
 */
#ifndef OPSROOM_EXTENSIONS_H
#define OPSROOM_EXTENSIONS_H

#include <opsroom/plugin.h>

#ifdef __cplusplus
extern "C" {
#endif

#define OPSROOM_EXT_SECRETS "secret/1"

/* Secrets that do not stand in the process's environment. A host that has this has all of them
 * here: what the environment says is not meant for the plugin. */
typedef struct opsroom_secrets {
  /* [any] The secret, lent until the invocation returns; data is NULL when there is none of this
   * name, and not NULL when it is there and empty. */
  opsroom_text (*get)(void* host, opsroom_text name);
} opsroom_secrets;

#define OPSROOM_EXT_ELICIT "elicit/1"

/* Questions answered while the invocation waits in place. */
typedef struct opsroom_elicit {
  /* [handler's thread] Asks what need_input() would ask (the same JSON object of MCP inputRequests)
   * and blocks. `take` runs at most once, on this thread, before ask() returns, with the JSON
   * object of MCP inputResponses: the same keys. Returns
   *   OPSROOM_OK              take() was called
   *   OPSROOM_CANCELLED       the call was cancelled meanwhile; leave
   *   OPSROOM_INPUT_REQUIRED  nobody can be asked in place here; use need_input()
   *   OPSROOM_BROKEN          the client answered with an error or with nothing usable */
  opsroom_status (*ask)(
      void* host,
      opsroom_text input_requests,
      void (*take)(void* user, opsroom_text responses),
      void* user
  );
} opsroom_elicit;

#define OPSROOM_EXT_ARTIFACT_FILE "artifact-file/1"

/* Artifacts too big to travel in a message (more than 8 MiB in one call). */
typedef struct opsroom_artifact_file {
  /* [any] Hands in a regular file by its absolute path, without links in it that lead elsewhere:
   * below the call's workdir or below the process's temporary directory. The bytes are read after
   * the invocation has returned, so the file must stay as it is until the step has ended; the
   * host never removes it. Returns OPSROOM_OK, OPSROOM_CANCELLED, or OPSROOM_BAD_ARGUMENTS for a
   * path it will not take. */
  opsroom_status (*hand_in)(
      void* host, opsroom_text name, opsroom_text media_type, opsroom_text path
  );
} opsroom_artifact_file;

#define OPSROOM_EXT_CLIENT "client/1"

/* Who calls. */
typedef struct opsroom_client {
  /* [any] What the client can do, a JSON object of MCP ClientCapabilities, lent until the
   * invocation returns: with "elicitation" it can ask people, with "sampling" a model. */
  opsroom_text (*capabilities)(void* host);
} opsroom_client;

#define OPSROOM_EXT_CHANGES "changes/1"

/* Changes of what the plugin offers. */
typedef struct opsroom_changes {
  /* [any] The resource reads differently now; clients that subscribed to it are told. */
  void (*resource_updated)(void* host, opsroom_text uri);
} opsroom_changes;

#ifdef __cplusplus
}
#endif
#endif
