#include "process/confinement.hpp"

#include <cerrno>
#include <sys/prctl.h>

namespace opsroom::process {

int confine(Confinement level) {
  switch (level) {
    case Confinement::basic:
      return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 ? 0 : errno;
  }
  return EINVAL;
}

}  // namespace opsroom::process
