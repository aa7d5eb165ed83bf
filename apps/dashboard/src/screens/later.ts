/** The screens that a first visit does without: fetched together once it has been drawn, or where one of them is opened first. */
export { DrainScreen } from "./drain.tsx";
export { DrainsScreen } from "./drains.tsx";
export { GuestsScreen } from "./guests.tsx";
export { HostScreen } from "./host.tsx";
export { HostsScreen } from "./hosts.tsx";
export { MigrationScreen } from "./migration.tsx";
export { MigrationsScreen } from "./migrations.tsx";
export { NewDrainScreen } from "./new-drain.tsx";
export { NewMigrationScreen } from "./new-migration.tsx";
export { PoliciesScreen } from "./policies.tsx";
export { QueueScreen } from "./queue.tsx";
export { SettingsScreen } from "./settings.tsx";
