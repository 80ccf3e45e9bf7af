package bind

// The names that the system uses.
var (
	reservedAttributes = []string{"id", "created_at"}
	reservedProps      = []string{"time", "event_id", "contact"}
	reservedEvents     = []string{contactsTable}
)
