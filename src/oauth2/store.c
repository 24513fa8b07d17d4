#include "oauth2/store.h"
